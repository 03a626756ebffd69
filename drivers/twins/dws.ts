import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { openSerialPipe, openTcpPipe, type Pipe, type PipeEvents } from "../transport/pipe.ts";
import { createFaultyLine } from "./faults.ts";
import { openCallingPipe, openPostingPipe } from "../transport/gate-pipes.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const dwsTwinOptionsSchema = z.strictObject({
  /** "listen": the station calls. "call": the gate does. "post": HTTP. "serial": a pseudo terminal. */
  link: z.enum(["listen", "call", "post", "serial"]).default("listen"),
  port: z.int().min(0).max(65_535).default(0),
  /** Of the endpoint that is posted to. */
  path: z.string().default("/dws"),
  token: z.string().optional(),
  fields: z
    .array(z.enum(["index", "code", "weight", "length", "width", "height", "volume", "time"]))
    .default(["code", "weight", "length", "width", "height", "volume", "time"]),
  framing: z.enum(["line", "stx-etx"]).default("line"),
  delimiter: z.string().default(","),
  terminator: z.string().default("\r\n"),
  /** How wrong the gate's clock is. */
  clockErrorMs: z.int().default(0),
});
/** A gate that counts with the sorter's trigger, as the model dws-indexed reads it. */
export const indexedGate = {
  fields: ["index", "code", "weight", "length", "width", "height", "time"],
} as const;
export type DwsTwinOptions = z.infer<typeof dwsTwinOptionsSchema>;

const measureSchema = z.strictObject({
  command: z.literal("measure"),
  index: z.int().min(0),
  /** Absent: nothing was read. */
  code: z.string().optional(),
  /** Absent: not measured, sent as zero. */
  weightGrams: z.int().default(0),
  lengthMillimetres: z.int().default(0),
  widthMillimetres: z.int().default(0),
  heightMillimetres: z.int().default(0),
});
const commandSchema = z.discriminatedUnion("command", [
  measureSchema,
  /** Any text in the family's frame. */
  z.strictObject({ command: z.literal("telegram"), text: z.string() }),
]);

/** One parcel as the gate saw it; zero is what it could not measure. */
export type Measured = z.infer<typeof measureSchema> & { readonly atMs: number };

/** How one family writes a measurement, and what it answers to the host. */
export type DwsDialect = (stage: {
  readonly options: DwsTwinOptions;
  /** Past the faults: answers to the host's own questions. */
  readonly say: (bytes: Uint8Array) => void;
  readonly last: () => Measured | null;
}) => {
  readonly format: (measured: Measured) => string;
  readonly frame: (text: string) => Uint8Array;
  readonly onData?: (bytes: Uint8Array) => void;
};

export type DwsTwinState = {
  readonly telegrams: number;
  readonly clients: number;
  /** HTTP answers so far, where the gate posts. */
  readonly answers: readonly number[];
};

/** A gate that measures what runs through it and tells everybody connected. */
export const createDwsTwin =
  (dialect: DwsDialect) =>
  async (
    input: z.input<typeof dwsTwinOptionsSchema> = {},
    deps: TwinDeps = {},
  ): Promise<Twin<DwsTwinState>> => {
    const options = dwsTwinOptionsSchema.parse(input);
    const line = createFaultyLine();
    let telegrams = 0;
    let last: Measured | null = null;
    const events = { onData: (bytes: Uint8Array) => talk.onData?.(bytes) };
    const pipe: GatePipe = await (deps.openPipe?.(events) ?? openGatePipe(events, options));
    const talk = dialect({ options, say: pipe.send, last: () => last });

    return {
      connection: pipe.connection,
      state: () => ({ telegrams, clients: pipe.clients(), answers: pipe.answers?.() ?? [] }),
      control: createControl({
        line,
        pipe,
        schema: commandSchema,
        perform: (command) => {
          telegrams += 1;
          if (command.command === "measure") {
            last = { ...command, atMs: Date.now() + options.clockErrorMs };
          }
          const text = command.command === "measure" && last ? talk.format(last) : readText(command);
          line.send(talk.frame(text), pipe.send);
          deps.onEvent?.({ event: "measured", telegram: text });
        },
      }),
      stop: pipe.stop,
    };
  };

const readText = (command: z.infer<typeof commandSchema>) =>
  command.command === "telegram" ? command.text : "";

type GatePipe = Pipe & { readonly answers?: () => readonly number[] };

async function openGatePipe(events: PipeEvents, options: DwsTwinOptions): Promise<GatePipe> {
  const { link, port, path, token } = options;
  if (link === "call")
    return openCallingPipe((bytes) => events.onData(bytes, { send: () => undefined }), { port });
  if (link === "post") return openPostingPipe({ port, path, token });
  return link === "serial" ? openSerialPipe(events) : openTcpPipe(events, { port });
}

const delimitedDialect: DwsDialect = ({ options }) => ({
  format: (measured) => {
    const { lengthMillimetres: length, widthMillimetres: width, heightMillimetres: height } = measured;
    const values = {
      index: measured.index,
      code: measured.code ?? "noread",
      weight: measured.weightGrams,
      length,
      width,
      height,
      volume: (length * width * height) / 1000,
      time: measured.atMs,
    };
    return options.fields.map((field) => values[field]).join(options.delimiter);
  },
  frame: (text) => encodeText(options.framing === "line" ? text + options.terminator : `\u0002${text}\u0003`),
});

export const startDwsTwin = createDwsTwin(delimitedDialect);
