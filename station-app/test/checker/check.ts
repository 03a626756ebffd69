import { readFileSync } from "node:fs";
import { checkRun, type CheckReport, type RunInput } from "./check-run.ts";

const usage = "node station-app/test/checker/check.ts RUN.json [--json]";

/** Exit codes: 0 nothing found, 1 findings, 2 not understood. */
export async function checkFromCommandLine(
  args: readonly string[],
  write: (text: string) => void,
): Promise<number> {
  const paths = args.filter((arg) => arg !== "--json");
  const [path] = paths;
  if (path === undefined || paths.length > 1 || path.startsWith("-")) {
    write(`${usage}\n`);
    return 2;
  }
  try {
    const report = await checkRun(JSON.parse(readFileSync(path, "utf8")) as RunInput);
    write(args.includes("--json") ? `${JSON.stringify(report)}\n` : describe(report));
    return report.findings.length === 0 ? 0 : 1;
  } catch (error) {
    write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

function describe({ findings, counts }: CheckReport): string {
  const lines = findings.map(({ rule, stationId, what }) => [rule, stationId ?? "-", what].join("  "));
  const looked = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return [...lines, `looked at: ${looked.join(", ")}`, `findings: ${findings.length}`, ""].join("\n");
}

if (import.meta.main)
  process.exitCode = await checkFromCommandLine(process.argv.slice(2), (text) => process.stdout.write(text));
