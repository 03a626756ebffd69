/**
 * One twin as a process of its own: `node run-twin.ts '{"family":"mt-sics","options":{}}'`.
 * First line out: {"event":"ready","connection":...}. Then one JSON command per line in (an optional "id" comes
 * back in {"event":"done","id":...} or {"event":"error",...}); {"command":"state"} and, for the printer,
 * {"command":"job","number":n} are answered. Ends with its standard input.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import type { PrinterTwinState } from "./printer.ts";
import { startTwin, twinFamilies } from "./registry.ts";
import type { Twin, TwinEvent } from "./twin.ts";

const argumentSchema = z.strictObject({
  family: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
});
const envelopeSchema = z.looseObject({
  command: z.string(),
  id: z.union([z.string(), z.number()]).optional(),
});

const say = (event: TwinEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function run(): Promise<void> {
  const { family, options } = argumentSchema.parse(JSON.parse(process.argv[2] ?? "{}"));
  const starting = startTwin(family, options, { onEvent: say });
  if (starting === null) throw new Error(`no twin for "${family}"; there are ${twinFamilies.join(", ")}`);
  const twin = await starting;
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => void obey(twin, line));
  const end = async () => {
    await twin.stop();
    process.exit(0);
  };
  lines.on("close", () => void end());
  process.on("SIGTERM", () => void end());
  say({ event: "ready", family, connection: twin.connection });
}

async function obey(twin: Twin<unknown>, line: string): Promise<void> {
  try {
    const { id, ...command } = envelopeSchema.parse(JSON.parse(line));
    const answer = await perform(twin, command);
    say({ event: "done", ...answer, ...(id === undefined ? {} : { id }) });
  } catch (error) {
    say({ event: "error", message: String(error), line });
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

await run();
