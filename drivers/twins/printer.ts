import { createHash } from "node:crypto";
import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { openSerialPipe, openTcpPipe, type PipeClient } from "../transport/pipe.ts";
import { createFaultyLine } from "./faults.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const printerTwinOptionsSchema = z.strictObject({
  line: z.enum(["serial", "tcp"]).default("tcp"),
  port: z.int().min(0).max(65_535).default(0),
  /** Where a serial device is to appear; absent: anywhere. */
  path: z.string().optional(),
  printTimeMs: z.int().min(0).default(50),
  odometer: z.int().min(0).default(1000),
  /** It may say nothing at all while its head is open or its labels are out. */
  silentInTrouble: z.boolean().default(false),
  /** Only its first status question stays unanswered in trouble. */
  silentStatus: z.boolean().default(false),
  /** What it is set to; where it is not its own language, questions are printed as text. */
  language: z.string().optional(),
});
type Options = z.infer<typeof printerTwinOptionsSchema>;

export const printerConditions = [
  "paper-out",
  "head-open",
  "ribbon-out",
  "paused",
  "ignore-formats",
] as const;
export type PrinterCondition = (typeof printerConditions)[number];
const commandSchema = z.strictObject({
  command: z.literal("condition"),
  condition: z.enum(printerConditions),
  on: z.boolean(),
});

/** What arrived between two status questions. */
export type PrinterTwinJob = { readonly bytes: Uint8Array; readonly sha256: string };
export type PrinterTwinState = {
  readonly odometer: number;
  readonly labelsPrinted: number;
  readonly formatsWaiting: number;
  readonly jobs: readonly PrinterTwinJob[];
};

/** What a language may use of the printer around it. */
export type PrinterStage = {
  readonly options: Options;
  readonly has: (condition: PrinterCondition) => boolean;
  /** Something keeps it from printing. */
  readonly isBlocked: () => boolean;
  readonly isPrinting: () => boolean;
  readonly formatsWaiting: () => number;
  readonly labelsLeft: () => number;
  readonly odometer: () => number;
  /** Labels to print, then `onDone`; zero labels: done when everything before is. */
  readonly enqueue: (labels: number, onDone?: () => void, format?: Uint8Array) => void;
  readonly cancelAll: () => void;
  readonly keepJob: (bytes: Uint8Array) => void;
};

/** How one language hears; what `say` is given goes back to the host that asked. */
export type PrinterDialect = (stage: PrinterStage) => {
  readonly onData: (bytes: Uint8Array, say: (bytes: Uint8Array | string) => void) => void;
  /** The host is gone: what it sent is a whole job. */
  readonly onClose: () => void;
};

type Waiting = { labels: number; readonly onDone: () => void; readonly format: Uint8Array | undefined };

/**
 * A printer: one host at a time, its own buffer, a counter that survives everything. What it has received it prints,
 * whatever became of who sent it.
 */
export const createPrinterTwin =
  (dialect: PrinterDialect) =>
  async (
    input: z.input<typeof printerTwinOptionsSchema> = {},
    deps: TwinDeps = {},
  ): Promise<Twin<PrinterTwinState>> => {
    const options = printerTwinOptionsSchema.parse(input);
    const line = createFaultyLine();
    const active = new Set<PrinterCondition>();
    const press = createPress(options, () => [...active].some((one) => one !== "ignore-formats"), deps);
    const jobs = createJobLog(deps);

    const talk = dialect({
      options,
      has: (condition) => active.has(condition),
      isBlocked: press.isBlocked,
      isPrinting: press.isPrinting,
      formatsWaiting: press.formatsWaiting,
      labelsLeft: press.labelsLeft,
      odometer: press.odometer,
      enqueue: (labels, onDone = () => undefined, format) =>
        press.enqueue(active.has("ignore-formats") ? 0 : labels, onDone, format),
      cancelAll: press.cancelAll,
      keepJob: jobs.keep,
    });
    const say = (client: PipeClient) => (reply: Uint8Array | string) => {
      const mute = options.silentInTrouble && press.isBlocked();
      if (!mute) line.send(typeof reply === "string" ? encodeText(reply) : reply, client.send);
    };
    const events = {
      onData: (bytes: Uint8Array, client: PipeClient) => talk.onData(bytes, say(client)),
      onClose: () => talk.onClose(),
    };
    const pipe = await (deps.openPipe?.(events) ??
      (options.line === "serial"
        ? openSerialPipe(events, options)
        : openTcpPipe(events, { port: options.port, oneAtATime: true })));

    return {
      connection: pipe.connection,
      state: () => ({
        odometer: press.odometer(),
        labelsPrinted: press.odometer() - options.odometer,
        formatsWaiting: press.formatsWaiting() + (press.labelsLeft() > 0 ? 1 : 0),
        jobs: jobs.all(),
      }),
      control: createControl({
        line,
        pipe,
        schema: commandSchema,
        perform: ({ condition, on }) => {
          if (on) active.add(condition);
          else active.delete(condition);
          press.printNext();
        },
      }),
      stop: async () => {
        press.stop();
        await pipe.stop();
      },
    };
  };

/** One label after the other; a label the trouble interrupts is printed again afterwards. */
function createPress(options: Options, isBlocked: () => boolean, deps: TwinDeps) {
  const waiting: Waiting[] = [];
  let current: Waiting | null = null;
  let odometer = options.odometer;
  let running: NodeJS.Timeout | undefined;

  const finish = () => {
    const done = current;
    current = null;
    done?.onDone();
  };
  const printNext = () => {
    if (running !== undefined || isBlocked()) return;
    current ??= waiting.shift() ?? null;
    if (current === null) return;
    if (current.labels === 0) {
      finish();
      return printNext();
    }
    running = setTimeout(() => {
      running = undefined;
      if (isBlocked() || current === null) return;
      current.labels -= 1;
      odometer += 1;
      deps.onEvent?.({ event: "label-printed", odometer });
      if (current.format !== undefined) deps.onLabel?.(current.format);
      printNext();
    }, options.printTimeMs);
  };

  return {
    isBlocked,
    printNext,
    isPrinting: () => running !== undefined && !isBlocked(),
    formatsWaiting: () => waiting.filter(({ labels }) => labels > 0).length,
    labelsLeft: () => current?.labels ?? 0,
    odometer: () => odometer,
    enqueue: (labels: number, onDone: () => void, format: Uint8Array | undefined) => {
      waiting.push({ labels, onDone, format });
      printNext();
    },
    cancelAll: () => {
      waiting.length = 0;
      current = null;
    },
    stop: () => clearTimeout(running),
  };
}

const keptJobs = 1000;

function createJobLog(deps: TwinDeps) {
  const jobs: PrinterTwinJob[] = [];
  return {
    all: () => [...jobs],
    keep: (bytes: Uint8Array) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      jobs.push({ bytes, sha256 });
      if (jobs.length > keptJobs) jobs.shift();
      deps.onEvent?.({ event: "job", bytes: bytes.length, sha256 });
    },
  };
}
