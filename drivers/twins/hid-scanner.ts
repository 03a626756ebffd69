import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { openSerialPipe, openTcpPipe } from "../transport/pipe.ts";
import { createFaultyLine } from "./faults.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const hidScannerTwinOptionsSchema = z.strictObject({
  line: z.enum(["serial", "tcp"]).default("serial"),
  port: z.int().min(0).max(65_535).default(0),
  /** Where the serial device is to appear; absent: anywhere. */
  path: z.string().optional(),
  /** Characters the scanner is set to send before and after the barcode; they count as data here. */
  prefix: z.string().default(""),
  terminator: z.string().default(""),
});

const commandSchema = z.strictObject({
  command: z.literal("scan"),
  data: z.string().min(1),
  /** AIM id; "" for a scanner that is not set to send it. */
  aim: z.string().default("]C0"),
});

type Encode = (text: string, aim: string) => Uint8Array[];
type Input = z.input<typeof hidScannerTwinOptionsSchema>;

export const startHidScannerTwin = (input: Input = {}, deps: TwinDeps = {}) =>
  startReportTwin(input, deps, encodePosScan);

export const startMicroscanTwin = (input: Input = {}, deps: TwinDeps = {}) =>
  startReportTwin(input, deps, encodeMicroscanScan);

/** A USB scanner's reports over a pipe, one write each, and the hand that pulls its trigger. */
async function startReportTwin(
  input: Input,
  deps: TwinDeps,
  encode: Encode,
): Promise<Twin<{ readonly scans: number }>> {
  const options = hidScannerTwinOptionsSchema.parse(input);
  const line = createFaultyLine();
  let scans = 0;
  const events = { onData: () => undefined };
  const pipe = await (options.line === "serial"
    ? openSerialPipe(events, options)
    : openTcpPipe(events, options));

  return {
    connection: pipe.connection,
    state: () => ({ scans }),
    control: createControl({
      line,
      pipe,
      schema: commandSchema,
      perform: ({ data, aim }) => {
        scans += 1;
        const text = `${options.prefix}${data}${options.terminator}`;
        for (const report of encode(text, aim)) line.send(report, pipe.send);
        deps.onEvent?.({ event: "scanned", data });
      },
    }),
    stop: pipe.stop,
  };
}

function encodePosScan(text: string, aim: string): Uint8Array[] {
  const pieces = cut(encodeText(text), 56);
  return pieces.map((piece, index) => encodePos(piece, aim, index + 1 < pieces.length));
}

const encodeMicroscanScan: Encode = (text, aim) => cut(encodeText(aim + text), 62).map(encodeMicroscan);

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; start += size) pieces.push(bytes.subarray(start, start + size));
  return pieces;
}

function encodePos(piece: Uint8Array, aim: string, isFollowed: boolean): Uint8Array {
  const report = new Uint8Array(64);
  report.set([2, piece.length, ...encodeText(aim)]);
  report.set(piece, 5);
  report[63] = isFollowed ? 1 : 0;
  return report;
}

function encodeMicroscan(piece: Uint8Array): Uint8Array {
  const report = new Uint8Array(64);
  report.set([1, piece.length, ...piece]);
  return report;
}
