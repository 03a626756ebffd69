import { z } from "zod";
import { openSerialPipe, openTcpPipe, type PipeClient } from "../transport/pipe.ts";
import { createFaultyLine } from "./faults.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const scaleTwinOptionsSchema = z.strictObject({
  line: z.enum(["serial", "tcp"]).default("serial"),
  port: z.int().min(0).max(65_535).default(0),
  /** Where the serial device is to appear; absent: anywhere. */
  path: z.string().optional(),
  unit: z.enum(["g", "kg"]).default("kg"),
  capacityGrams: z.int().default(60_000),
  /** How long a scale that answers only at rest waits for it. */
  patienceMs: z.int().default(3000),
  serialNumber: z.string().default("1234567"),
});
export type ScaleTwinOptions = z.infer<typeof scaleTwinOptionsSchema>;

const commandSchema = z.discriminatedUnion("command", [
  z.strictObject({
    command: z.literal("load"),
    weightGrams: z.int(),
    /** The weight wobbles for so long. */
    settleMs: z.int().min(0).default(100),
  }),
]);

/** What lies on the platform at this moment, as the scale would show it. */
export type Load = {
  readonly weightGrams: number;
  readonly state: "stable" | "motion" | "over" | "under";
};

/** What a dialect may use. `say` passes through the faults; timers end with the twin. */
export type ScaleStage = {
  readonly options: ScaleTwinOptions;
  readonly load: () => Load;
  readonly say: (bytes: Uint8Array) => void;
  /** Runs once after the delay. */
  readonly after: (delayMs: number, run: () => void) => void;
  /** Runs again and again; a second call replaces the first, null ends it. */
  readonly every: (intervalMs: number | null, run: () => void) => void;
};

/** How one family talks: what it makes of the host's bytes, and what it says by itself from the start. */
export type ScaleDialect = (stage: ScaleStage) => { readonly onData: (bytes: Uint8Array) => void };

export type ScaleTwinState = {
  readonly weightGrams: number;
  readonly stable: boolean;
  /** Chunks of bytes the host has sent. */
  readonly requests: number;
};

/** A scale with something on it, speaking the dialect of one family. */
export const createScaleTwin =
  (dialect: ScaleDialect) =>
  async (
    input: z.input<typeof scaleTwinOptionsSchema> = {},
    deps: TwinDeps = {},
  ): Promise<Twin<ScaleTwinState>> => {
    const options = scaleTwinOptionsSchema.parse(input);
    const line = createFaultyLine();
    const timers = new Set<NodeJS.Timeout>();
    let repeating: NodeJS.Timeout | undefined;
    let weightGrams = 0;
    let settledAtMs = 0;
    let requests = 0;

    const isStable = () => performance.now() >= settledAtMs;
    const load = (): Load => {
      if (weightGrams > options.capacityGrams) return { weightGrams, state: "over" };
      if (weightGrams < -options.capacityGrams) return { weightGrams, state: "under" };
      if (isStable()) return { weightGrams, state: "stable" };
      return { weightGrams: weightGrams + (Date.now() % 7) - 3, state: "motion" };
    };

    const events = {
      onData: (bytes: Uint8Array, from: PipeClient) => {
        client = from;
        requests += 1;
        talk.onData(bytes);
      },
    };
    let client: PipeClient | null = null;
    const pipe = await (deps.openPipe?.(events) ??
      (options.line === "serial" ? openSerialPipe(events, options) : openTcpPipe(events, options)));
    const talk = dialect({
      options,
      load,
      // who asked is answered; what is told unasked goes to whoever listens
      say: (bytes) => line.send(bytes, client?.send ?? pipe.send),
      after: (delayMs, run) => {
        const timer = setTimeout(() => {
          timers.delete(timer);
          run();
        }, delayMs);
        timers.add(timer);
      },
      every: (intervalMs, run) => {
        clearInterval(repeating);
        repeating = intervalMs === null ? undefined : setInterval(run, intervalMs);
      },
    });

    return {
      connection: pipe.connection,
      state: () => ({ weightGrams, stable: isStable(), requests }),
      control: createControl({
        line,
        pipe,
        schema: commandSchema,
        perform: (command) => {
          weightGrams = command.weightGrams;
          settledAtMs = performance.now() + command.settleMs;
          deps.onEvent?.({ event: "loaded", weightGrams });
        },
      }),
      stop: async () => {
        clearInterval(repeating);
        for (const timer of timers) clearTimeout(timer);
        await pipe.stop();
      },
    };
  };

/** "1.234" or "1234": grams as the digits of a display, without sign. */
export function formatMagnitude(grams: number, unit: "g" | "kg"): string {
  if (unit === "g") return String(Math.abs(grams));
  const digits = String(Math.abs(grams)).padStart(4, "0");
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
}
