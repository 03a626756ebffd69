import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { exchangeFiles, type ResultLine } from "../commands.ts";

export type Suite = {
  readonly name: string;
  /** One sentence why it cannot run here, or null. */
  readonly prepare?: () => string | null;
  readonly tests: readonly Test[];
};
export type Test = { readonly name: string; readonly run: () => Promise<void> };

/** An emulated processor is an order of magnitude slower; a test that hangs must still leave time for the rest. */
const testLimitMs = 45_000;

export const writeResult = (line: ResultLine) =>
  appendFileSync(join(exchangeFiles.guestFolder, exchangeFiles.results), `${JSON.stringify(line)}\n`);

export const note = (text: string) => writeResult({ line: "note", text });

export async function runSuite(suite: Suite): Promise<void> {
  const reason = suite.prepare?.() ?? null;
  if (reason !== null) return writeResult({ line: "skipped", suite: suite.name, reason });
  for (const test of suite.tests) {
    const beganMs = performance.now();
    const error = await runBounded(test);
    const milliseconds = performance.now() - beganMs;
    writeResult({ line: "test", suite: suite.name, name: test.name, error, milliseconds });
  }
}

async function runBounded(test: Test): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${testLimitMs} ms`)), testLimitMs);
  });
  // whatever escapes a library between two ticks belongs to the test that was running
  const escaped = new Promise<never>((_, reject) => {
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => reject(new Error("an exception escaped", { cause: error })));
  });
  try {
    await Promise.race([test.run(), limit, escaped]);
    return null;
  } catch (error) {
    return describe(error);
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncause: ${describe(error.cause)}`;
  const frames = (error.stack ?? "").split("\n").filter((line) => line.includes("hardware-rig"));
  return `${error.message}\n${frames.slice(0, 3).join("\n")}${cause}`;
}
