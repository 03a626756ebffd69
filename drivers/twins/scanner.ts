import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { openSerialPipe, openTcpPipe } from "../transport/pipe.ts";
import { createFaultyLine } from "./faults.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const scannerTwinOptionsSchema = z.strictObject({
  line: z.enum(["serial", "tcp"]).default("serial"),
  port: z.int().min(0).max(65_535).default(0),
  /** Where the serial device is to appear; absent: anywhere. */
  path: z.string().optional(),
  prefix: z.string().default(""),
  framing: z.enum(["line", "stx-etx"]).default("line"),
  terminator: z.string().default("\r"),
  /** What is sent when the trigger was pulled and nothing read; absent: the word the family leaves the works with. */
  noReadWord: z.string().optional(),
  /** Whether commands are answered and reads bear a header, where the family has such a setting. */
  extended: z.boolean().default(false),
});
export type ScannerTwinOptions = z.infer<typeof scannerTwinOptionsSchema>;

const commandSchema = z.discriminatedUnion("command", [
  z.strictObject({
    command: z.literal("scan"),
    data: z.string().min(1),
    /** AIM id; "" for a scanner that is not set to send it. */
    aim: z.string().default("]C0"),
  }),
  /** The light barrier fired and there was nothing to read. */
  z.strictObject({ command: z.literal("no-read") }),
  /** Lies before the scanner from now on, for the host's own trigger to find; absent: taken away. */
  z.strictObject({ command: z.literal("present"), data: z.string().min(1).optional() }),
]);

export type ScannerStage = {
  readonly options: ScannerTwinOptions;
  /** What lies before the scanner; null: nothing. */
  readonly presented: () => string | null;
  readonly say: (bytes: Uint8Array) => void;
};

/** How one family writes a read, and what it answers to the host. */
export type ScannerDialect = (stage: ScannerStage) => {
  readonly encodeRead: (text: string) => Uint8Array;
  readonly encodeNoRead: () => Uint8Array;
  readonly onData?: (bytes: Uint8Array) => void;
};

export type ScannerTwinState = { readonly scans: number; readonly requests: number };

/** A scanner and the hand that pulls its trigger, speaking the dialect of one family. */
export const createScannerTwin =
  (dialect: ScannerDialect) =>
  async (
    input: z.input<typeof scannerTwinOptionsSchema> = {},
    deps: TwinDeps = {},
  ): Promise<Twin<ScannerTwinState>> => {
    const options = scannerTwinOptionsSchema.parse(input);
    const line = createFaultyLine();
    let scans = 0;
    let requests = 0;
    let presented: string | null = null;
    const events = {
      onData: (bytes: Uint8Array) => {
        requests += 1;
        talk.onData?.(bytes);
      },
    };
    const pipe = await (deps.openPipe?.(events) ??
      (options.line === "serial" ? openSerialPipe(events, options) : openTcpPipe(events, options)));
    const say = (bytes: Uint8Array) => line.send(bytes, pipe.send);
    const talk = dialect({ options, presented: () => presented, say });

    return {
      connection: pipe.connection,
      state: () => ({ scans, requests }),
      control: createControl({
        line,
        pipe,
        schema: commandSchema,
        perform: (command) => {
          if (command.command === "present") {
            presented = command.data ?? null;
            return;
          }
          if (command.command === "no-read") return say(talk.encodeNoRead());
          scans += 1;
          say(talk.encodeRead(`${command.aim}${command.data}`));
          deps.onEvent?.({ event: "scanned", data: command.data });
        },
      }),
      stop: pipe.stop,
    };
  };

/** Prefix and text in their frame: every scanner that only talks. */
export const plainDialect: ScannerDialect = ({ options }) => {
  const [open, close] = options.framing === "line" ? ["", options.terminator] : ["\u0002", "\u0003"];
  const encodeRead = (text: string) => encodeText(`${open}${options.prefix}${text}${close}`);
  return { encodeRead, encodeNoRead: () => encodeRead(options.noReadWord ?? "NoRead") };
};

export const startScannerTwin = createScannerTwin(plainDialect);
