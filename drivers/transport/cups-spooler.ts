import { succeed } from "@waystation/shared/failures/result";
import { askJobState, type JobState } from "./ipp.ts";
import { readEnvironment, runCommand } from "./run-command.ts";
import type { Spooler } from "./spooler.ts";

const commandTimeoutMs = 15_000;
const followIntervalMs = 300;
const followMs = 120_000;
const finalStates: ReadonlySet<JobState> = new Set(["completed", "canceled", "aborted"]);

/** CUPS on Linux and macOS. The queue does not interpret the bytes (-o raw). */
export const cupsSpooler: Spooler = {
  isName: (printer) => /^[\w.@+][\w.@+-]{0,126}$/.test(printer),
  describe: (printer) =>
    runCommand({
      program: "lpstat",
      parameters: ["-o", printer, "-a", printer, "-l", "-p", printer],
      timeoutMs: commandTimeoutMs,
    }),
  print: async (printer, title, input) => {
    const parameters = ["-d", printer, "-o", "raw", "-t", title, "-"];
    const sent = await runCommand({ program: "lp", parameters, input, timeoutMs: commandTimeoutMs });
    if (!sent.ok) return sent;
    const number = Number(/request id is \S+-(\d+)/.exec(sent.value)?.[1]);
    return succeed(Number.isInteger(number) ? await followJob(printer, number) : null);
  },
};

async function followJob(printer: string, number: number): Promise<JobState | null> {
  const deadlineMs = performance.now() + followMs;
  const server = readEnvironment("CUPS_SERVER") ?? "localhost:631";
  while (performance.now() < deadlineMs) {
    const state = await askJobState(server, printer, number, commandTimeoutMs);
    if (state !== null && finalStates.has(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, followIntervalMs));
  }
  return null;
}
