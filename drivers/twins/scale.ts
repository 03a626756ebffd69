import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { createFaultyLine } from "./faults.ts";
import { openSerialPipe, openTcpPipe, type PipeClient } from "../transport/pipe.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const scaleTwinOptionsSchema = z.strictObject({
  line: z.enum(["serial", "tcp"]).default("serial"),
  port: z.int().min(0).max(65_535).default(0),
  /** Where the serial device is to appear; absent: anywhere. */
  path: z.string().optional(),
  unit: z.enum(["g", "kg"]).default("kg"),
  capacityGrams: z.int().default(60_000),
  /** S is answered `S I` when the weight has not settled by then. */
  patienceMs: z.int().default(3000),
  serialNumber: z.string().default("1234567"),
});

const commandSchema = z.discriminatedUnion("command", [
  z.strictObject({
    command: z.literal("load"),
    weightGrams: z.int(),
    /** The weight wobbles for so long. */
    settleMs: z.int().min(0).default(100),
  }),
]);

/** An MT-SICS scale with something on it. */
export async function startScaleTwin(
  input: z.input<typeof scaleTwinOptionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<{ readonly weightGrams: number; readonly stable: boolean; readonly requests: number }>> {
  const options = scaleTwinOptionsSchema.parse(input);
  const line = createFaultyLine();
  let weightGrams = 0;
  let settledAtMs = 0;
  let requests = 0;
  let stream: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;

  const isStable = () => performance.now() >= settledAtMs;
  const format = (letter: "S" | "D", grams: number) => `S ${letter} ${formatWeight(grams, options.unit)}`;
  const weigh = (): string => {
    if (weightGrams > options.capacityGrams) return "S +";
    if (weightGrams < -options.capacityGrams) return "S -";
    return isStable() ? format("S", weightGrams) : format("D", weightGrams + (Date.now() % 7) - 3);
  };

  /** The answer to S waits for rest, like the real one. */
  const answerStable = (say: (text: string) => void) => {
    const deadlineMs = performance.now() + options.patienceMs;
    const look = () => {
      if (isStable() || Math.abs(weightGrams) > options.capacityGrams) return say(weigh());
      if (performance.now() > deadlineMs) return say("S I");
      waiting = setTimeout(look, 5);
    };
    clearTimeout(waiting);
    look();
  };

  const answer = (command: string, client: PipeClient) => {
    const say = (text: string) => line.send(encodeText(`${text}\r\n`), client.send);
    requests += 1;
    if (["S", "SI", "SIR", "@"].includes(command)) clearInterval(stream);
    if (command === "S") return answerStable(say);
    if (command === "SI") return say(weigh());
    if (command === "Z") return say("Z A");
    if (command === "T") return say(`T S ${formatWeight(weightGrams, options.unit)}`);
    if (command === "I4" || command === "@") return say(`I4 A "${options.serialNumber}"`);
    if (command !== "SIR") return say("ES");
    say(weigh());
    stream = setInterval(() => say(weigh()), 100);
  };

  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const events = {
    onData: (bytes: Uint8Array, client: PipeClient) =>
      framer.push(bytes, {
        onFrame: (frame) => answer(decodeLatin1(frame), client),
        onRefused: () => undefined,
      }),
  };
  const pipe = await (options.line === "serial"
    ? openSerialPipe(events, options)
    : openTcpPipe(events, options));

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
      clearInterval(stream);
      clearTimeout(waiting);
      await pipe.stop();
    },
  };
}

/** 1234 g -> "      1.234 kg", right-justified to ten characters as on the wire. */
function formatWeight(grams: number, unit: "g" | "kg"): string {
  const digits = String(Math.abs(grams)).padStart(4, "0");
  const magnitude = unit === "g" ? String(Math.abs(grams)) : `${digits.slice(0, -3)}.${digits.slice(-3)}`;
  return `${(grams < 0 ? `-${magnitude}` : magnitude).padStart(10)} ${unit}`;
}
