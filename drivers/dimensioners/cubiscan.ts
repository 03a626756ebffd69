import type { Reading, SizeReading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import { toGrams, toMillimetres } from "../kit/decimal.ts";
import { defineDimensioner } from "../kit/define.ts";
import type { Family, Session, SessionContext } from "../kit/family.ts";
import { createRepeater } from "../kit/repeat.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";

/** Commands of the service manuals (CubiScan 125, chapter Communication Protocol). */
const settingCommands = {
  zero: "Z",
  metricDimensions: '"M',
  englishDimensions: '"E',
  metricWeights: "#M",
  englishWeights: "#E",
  test: "T",
} as const;
const measureCommand = "M";
const reportUnitsCommand = "U";

const settingNames = [
  "zero",
  "metricDimensions",
  "englishDimensions",
  "metricWeights",
  "englishWeights",
  "test",
] as const;

const optionsSchema = z.strictObject({
  /** A value marked as measured with low precision: "absent" leaves it out, "accept" takes it like any other. */
  lowPrecision: z.enum(["absent", "accept"]).default("absent"),
  /** Asks for a measurement so often; absent: a person's key or the gate starts it. */
  measureEveryMs: z.int().min(200).max(60_000).optional(),
  /** Sent one after the other whenever the line opens; "zero" only where the plate is surely empty then. */
  sendOnOpen: z.array(z.enum(settingNames)).max(8).default([]),
  /** Asks for the units when the line is quiet, to notice a dead device. */
  probe: z.boolean().default(true),
});
type Options = z.infer<typeof optionsSchema>;

const encodeCommand = (text: string): Uint8Array => encodeText(`\u0002${text}\u0003\r\n`);

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

const measureErrors: ReadonlyMap<string, string> = new Map([
  ["C", "corner sensor"],
  ["M", "measuring error"],
  ["Z", "zeroing error"],
]);

/** Letters a frame may begin with: answers to commands and, small m, what a gate pushes by itself. */
const knownLetters = /^[CDFLMSTUVZm"#]$/;

/** One frame between STX and ETX. An acknowledgement without a measurement is understood and is no reading. */
export function parseReply(frame: Uint8Array, options: Options): readonly Reading[] {
  const text = decodeLatin1(frame);
  const letter = text.charAt(0);
  const body = text.slice(2);
  if (text === "?N") return refused("the device does not know the command");
  if (!knownLetters.test(letter)) return refused(`unknown frame ${quoteText(text)}`);
  if (text.charAt(1) === "N") return refused(describeRefusal(letter, body, text));
  if (text.charAt(1) !== "A") return refused(`unknown frame ${quoteText(text)}`);
  if (letter === "M" || letter === "m") {
    const size = parseMeasurement(body, letter === "m", options);
    return size === null ? refused(`not a measurement: ${quoteText(text)}`) : [size];
  }
  return isAcknowledgement(letter, body) ? [] : refused(`unknown frame ${quoteText(text)}`);
}

function describeRefusal(letter: string, body: string, text: string): string {
  if (letter !== "M" && letter !== "m" && letter !== "C") {
    return body === "" ? `the device refused ${letter}` : `unknown frame ${quoteText(text)}`;
  }
  const error = measureErrors.get(body.slice(-1));
  return error !== undefined && /^[CH]?.$/.test(body)
    ? `not measured: ${error}`
    : `unknown frame ${quoteText(text)}`;
}

function isAcknowledgement(letter: string, body: string): boolean {
  if (letter === "U") return /^[EM]{2}[DI]\d{4}[ 0-9A-Za-z]{6}$/.test(body);
  if (letter === "V") return /^[ -~]{1,240}$/.test(body);
  return /^(\d\d)?$/.test(body);
}

/** Origin and location, then the fields up to their end; a gate's own telegram may lack the first and the last. */
const fullPattern =
  /^[CH][ 0-9A-Za-z]{6},L(.{5}),W(.{5}),H(.{5}),([EM]),K(.{6}),D(.{6}),([EM]),F[-_~ 0-9]\d{3},[DI]$/;
const gatePattern =
  /^(?:[CH][ 0-9A-Za-z]{6},)?L(.{5}),W(.{5}),H(.{5}),([EM])(?:,K(.{6}),D(.{6}),([EM]))?(?:,F[-_~ 0-9]\d{3},[DI])?$/;

function parseMeasurement(body: string, isGate: boolean, options: Options): SizeReading | null {
  const match = (isGate ? gatePattern : fullPattern).exec(body);
  if (!match) return null;
  const [, length = "", width = "", height = "", lengthUnit, weight, dimensional, weightUnit] = match;
  const inMillimetres = (text: string) => toMillimetres(text, lengthUnit === "M" ? "cm" : "in");
  const inGrams = (text: string) => toGrams(text, weightUnit === "M" ? "kg" : "lb");
  const values = {
    weightGrams: weight === undefined ? 0 : readValue(weight, inGrams, options),
    lengthMillimetres: readValue(length, inMillimetres, options),
    widthMillimetres: readValue(width, inMillimetres, options),
    heightMillimetres: readValue(height, inMillimetres, options),
  };
  const isDimensionalSound = dimensional === undefined || readValue(dimensional, inGrams, options) !== null;
  const entries = Object.entries(values);
  if (!isDimensionalSound || entries.some(([, value]) => value === null)) return null;
  return { kind: "size", ...Object.fromEntries(entries.filter(([, value]) => value !== 0)) };
}

/** A mark in front: "-" low precision, "_" below, "~" above the range. Null: no number; 0: not measured. */
function readValue(text: string, convert: (text: string) => number | null, options: Options): number | null {
  const mark = /^ *([-_~])/.exec(text)?.[1];
  if (mark !== undefined && /^[-_~ .]+$/.test(text)) return 0;
  const value = convert(mark === undefined ? text : text.replace(mark, " "));
  if (value === null || value < 0) return null;
  const isUsable = mark === undefined || (mark === "-" && options.lowPrecision === "accept");
  return isUsable ? value : 0;
}

/** A measurement takes seconds; so long the device may be silent without being gone. */
const measuringMs = 15_000;

function createSession(context: SessionContext<Options>): Session<"dimensioner"> {
  const { clock, options } = context;
  let measuringUntilMs = 0;
  let settings: readonly (typeof settingNames)[number][] = [];
  const write = (command: string) => context.write(encodeCommand(command));
  const repeater = createRepeater(clock, options.measureEveryMs, () => {
    if (clock.nowMs() < measuringUntilMs) return;
    if (write(measureCommand).ok) measuringUntilMs = clock.nowMs() + measuringMs;
  });
  const sendNextSetting = () => {
    const [next, ...rest] = settings;
    settings = rest;
    if (next !== undefined) write(settingCommands[next]);
  };
  return {
    commands: {},
    readyOn: options.probe ? "frame" : "open",
    ...(options.probe
      ? {
          probe: {
            ask: () => void write(reportUnitsCommand),
            idleMs: 2000,
            answerMs: 3000,
            isBusy: () => clock.nowMs() < measuringUntilMs,
          },
        }
      : {}),
    onOpen: () => {
      measuringUntilMs = 0;
      settings = options.sendOnOpen;
      sendNextSetting();
      repeater.begin();
    },
    onFrame: (frame) => {
      if (decodeLatin1(frame.subarray(0, 1)) !== "U") measuringUntilMs = 0;
      for (const reading of parseReply(frame, options)) context.emit(reading);
      sendNextSetting();
    },
    onDown: repeater.end,
  };
}

export const cubiscan: Family<"dimensioner", Options> = {
  name: "cubiscan",
  kind: "dimensioner",
  options: optionsSchema,
  createFramer: () => createDelimitedFramer({ pairs: [stxEtx], limitBytes: 256 }),
  createDecoder: (options) => (frame) => parseReply(frame, options),
  createSession,
};

export const cubiscanModels = [
  defineDimensioner({
    model: "cubiscan",
    vendor: "generic",
    names: ["CubiScan protocol, TCP or RS-232"],
    family: cubiscan,
    confirmed: false,
    source:
      "CubiScan 125 service manual, pages 60 to 73, and public code; the marks - _ ~ are known from public code only",
  }),
  defineDimensioner({
    model: "cubiscan-100",
    vendor: "Quantronix",
    names: ["CubiScan 25", "CubiScan 100", "CubiScan 110", "CubiScan 125", "CubiScan 150"],
    family: cubiscan,
    serial: { baudRate: 9600 },
    confirmed: false,
    source: "CubiScan 125 and 25 service manuals; the line settings are unconfirmed",
  }),
  /** Measures by itself as a parcel passes and pushes the result. */
  defineDimensioner({
    model: "cubiscan-325",
    vendor: "Quantronix",
    names: ["Cubiscan 325", "Cubiscan 225"],
    family: cubiscan,
    serial: { baudRate: 9600 },
    confirmed: false,
    source:
      "Cubiscan 325 service manual, pages 53, 54 and 59; of the gate's own telegram (small m) only the beginning " +
      "was seen, its fields are taken to be those of M",
  }),
];
