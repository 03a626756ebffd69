import { z } from "zod";
import type { PrinterTwinState } from "./printer.ts";
import type { Twin, TwinEvent } from "./twin.ts";

export type TwinAnswer = TwinEvent;

const envelopeSchema = z.looseObject({
  command: z.string(),
  id: z.union([z.string(), z.number()]).optional(),
});

/**
 * One JSON command for a twin: a fault or stimulus of its own, `state`, or `job` with its number. The answer is
 * `done` or `error` and bears the command's id; a command the twin does not know harms nothing.
 */
export async function obeyTwin(
  twin: Twin<unknown>,
  line: string,
  say: (answer: TwinAnswer) => void,
): Promise<void> {
  try {
    const { id, ...command } = envelopeSchema.parse(JSON.parse(line));
    const answer = await perform(twin, command);
    say({ event: "done", ...answer, ...(id === undefined ? {} : { id }) });
  } catch (error) {
    say({
      event: "error",
      message: error instanceof z.ZodError ? z.prettifyError(error) : String(error),
      line,
    });
  }
}

async function perform(twin: Twin<unknown>, command: { readonly command: string }): Promise<object> {
  if (command.command === "state") return { state: describeState(twin.state()) };
  if (command.command === "job") return readJob(twin, command);
  await twin.control(command);
  return {};
}

const isPrinterState = (state: unknown): state is PrinterTwinState =>
  typeof state === "object" && state !== null && "jobs" in state;

/** Jobs as sizes and hashes: their bytes are asked for one by one. */
function describeState(state: unknown): unknown {
  if (!isPrinterState(state)) return state;
  return { ...state, jobs: state.jobs.map((job) => ({ bytes: job.bytes.length, sha256: job.sha256 })) };
}

function readJob(twin: Twin<unknown>, command: object): object {
  const { number } = z.looseObject({ number: z.int() }).parse(command);
  const state = twin.state();
  const job = isPrinterState(state) ? state.jobs.at(number) : undefined;
  if (!job) throw new Error(`no job ${number}`);
  return { sha256: job.sha256, base64: Buffer.from(job.bytes).toString("base64") };
}
