import { spawn } from "node:child_process";
import { join } from "node:path";

/**
 * `npm run check`: everything about the code that can be known without running it. One line per step with its
 * seconds, and the words of a tool only where it found something.
 */
type Step = { readonly name: string; readonly script: string; readonly args: readonly string[] };
type Outcome = {
  readonly step: Step;
  readonly passed: boolean;
  readonly seconds: number;
  readonly output: string;
};

const tool = (path: string) => join("node_modules", path);
const steps: readonly Step[] = [
  { name: "types", script: tool("typescript7/bin/tsc"), args: ["-p", "tsconfig.json"] },
  {
    name: "promises and switches (oxlint)",
    script: tool("oxlint/bin/oxlint"),
    args: ["--type-aware", "--deny-warnings"],
  },
  {
    name: "format and lint (biome)",
    script: tool("@biomejs/biome/bin/biome"),
    args: ["ci", "--colors=off", "--diagnostic-level=warn", "--max-diagnostics=50"],
  },
  {
    name: "unused files, exports, packages (knip)",
    script: tool("knip/bin/knip.js"),
    args: ["--no-progress", "--no-config-hints"],
  },
  { name: "import borders", script: join(".ci", "check-borders.ts"), args: [] },
  { name: "bans", script: join(".ci", "check-bans.ts"), args: [] },
];
/** Two at a time: the type checkers use every core already. */
const sideBySide = 2;
const outputLimit = 200_000;

function runStep(step: Step): Promise<Outcome> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [step.script, ...step.args], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: Buffer) => {
      if (output.length < outputLimit) output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const finish = (passed: boolean) =>
      resolve({ step, passed, seconds: (performance.now() - startedAt) / 1000, output: output.trim() });
    child.on("error", (error) => {
      output += error.message;
      finish(false);
    });
    child.on("close", (code) => finish(code === 0));
  });
}

function report({ step, passed, seconds, output }: Outcome): void {
  console.log(`${passed ? "ok  " : "FAIL"}  ${step.name}  ${seconds.toFixed(1)} s`);
  const shown = passed
    ? output.split("\n").filter((line) => line.startsWith("warning: "))
    : output.split("\n");
  for (const line of shown) if (line !== "") console.log(`      ${line}`);
}

const waiting = [...steps];
let failed = 0;
async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const outcome = await runStep(step);
    report(outcome);
    if (!outcome.passed) failed += 1;
  }
}

const startedAt = performance.now();
await Promise.all(Array.from({ length: sideBySide }, work));
console.log(
  `${steps.length - failed} of ${steps.length} checks passed in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
);
process.exitCode = failed === 0 ? 0 : 1;
