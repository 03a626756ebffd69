import { z } from "zod";
import { createBraceFramer } from "../framing/braces.ts";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import type { Framer } from "../framing/framer.ts";
import { createLengthFramer } from "../framing/length.ts";
import { createLineFramer } from "../framing/line.ts";
import { defineDimensioner } from "../kit/define.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { decodeUtf8, quoteText } from "../kit/text.ts";
import {
  type FieldName,
  fieldNames,
  readFields,
  type Telegram,
  telegramOptions,
  tellTelegram,
} from "./telegram-fields.ts";

const maximumDepth = 16;
const brace = 0x7b;

/** "data.parcel.weight", "codes.0": names and positions from the outside in. */
const pathSchema = z.string().regex(/^[^.]{1,64}(\.[^.]{1,64}){0,7}$/, "names joined by dots, at most eight");

const optionsSchema = z.strictObject({
  /** Where each value lies; a field left out is not read. */
  paths: z
    .partialRecord(z.enum(fieldNames), pathSchema)
    .refine((paths) => Object.keys(paths).length > 1, "at least two paths")
    .default({
      index: "parcelId",
      code: "barcode",
      weight: "weight",
      length: "length",
      width: "width",
      height: "height",
      timestamp: "timestamp",
    }),
  /** Fields the gate leaves out at times; any other one missing means it is another telegram. */
  mayBeMissing: z.array(z.enum(fieldNames)).default(["index", "timestamp"]),
  /** "braces": objects find their own end, however they are written. "length": a binary length in front. */
  framing: z.enum(["braces", "line", "stx-etx", "length"]).default("braces"),
  terminator: z.enum(["cr", "lf", "crlf"]).default("lf"),
  lengthBytes: z.literal([2, 4]).default(4),
  lengthOrder: z.enum(["big", "little"]).default("big"),
  maximumBytes: z.int().min(16).max(8000).default(4096),
  ...telegramOptions,
});
type Options = z.infer<typeof optionsSchema>;

function createFramer(options: Options): Framer {
  const { framing, terminator, lengthBytes, maximumBytes: limitBytes } = options;
  if (framing === "line") return createLineFramer({ terminator, limitBytes });
  if (framing === "stx-etx") return createDelimitedFramer({ pairs: [stxEtx], limitBytes });
  if (framing === "braces") return createBraceFramer({ limitBytes, maximumDepth });
  return createLengthFramer({
    // the brace behind the length is looked at too: any two bytes could be a length
    headerBytes: lengthBytes + 1,
    limitBytes: lengthBytes + limitBytes,
    frameLength: (header) =>
      header[lengthBytes] === brace ? lengthBytes + readLength(header, options) : null,
  });
}

function readLength(header: Uint8Array, { lengthBytes, lengthOrder }: Options): number {
  const bytes = [...header.subarray(0, lengthBytes)];
  const bigFirst = lengthOrder === "big" ? bytes : bytes.toReversed();
  return bigFirst.reduce((length, byte) => length * 256 + byte, 0);
}

export function parseObject(frame: Uint8Array, options: Options): Telegram {
  const text = decodeUtf8(options.framing === "length" ? frame.subarray(options.lengthBytes) : frame);
  if (text === null) return { refused: "not UTF-8" };
  const value = parseJson(text);
  if (value === undefined) return { refused: `not JSON: ${quoteText(text)}` };
  const fields: [FieldName, string][] = [];
  for (const name of fieldNames) {
    const path = options.paths[name];
    if (path === undefined) continue;
    const found = follow(value, path);
    if (found === undefined && options.mayBeMissing.includes(name)) continue;
    if (found === undefined) return { refused: `${path} is missing` };
    const written = writeValue(name, found);
    if (written === null) return { refused: `${path} is ${quoteText(JSON.stringify(found))}` };
    fields.push([name, written]);
  }
  return readFields(fields, options);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function follow(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split(".")) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return found;
}

/** A value as the gate would have written it in a delimited telegram; null: nothing that could stand there. */
function writeValue(name: FieldName, value: unknown): string | null {
  if (value === null) return "";
  if (typeof value === "string") return value.trim();
  if (typeof value === "number") return writeNumber(name, value);
  // several codes on one parcel cannot be told by one telegram: choosing one would be a guess
  if (name === "code" && Array.isArray(value) && value.length < 2) return writeValue(name, value[0] ?? null);
  return null;
}

function writeNumber(name: FieldName, value: number): string | null {
  const isWhole = name === "index" || name === "code";
  if (isWhole) return Number.isSafeInteger(value) ? String(value) : null;
  // binary fractions such as 12.340000000000002 are the gate's arithmetic, not its scale's resolution
  return Number.isInteger(value) ? String(value) : value.toFixed(9);
}

export const dwsJson: Family<"dimensioner", Options> = {
  name: "dws-json",
  kind: "dimensioner",
  options: optionsSchema,
  createFramer,
  createDecoder: (options) => (frame) => tellTelegram(parseObject(frame, options), options, null),
  createSession: (context) =>
    createListeningSession(context, (frame) =>
      tellTelegram(parseObject(frame, context.options), context.options, Date.now()),
    ),
};

export const dwsJsonModels = [
  /** Over TCP either way round, or posted to the station. */
  defineDimensioner({
    model: "dws-json",
    vendor: "generic",
    names: ["DWS gate, JSON objects"],
    family: dwsJson,
    confirmed: false,
    source: "public DWS configuration guide, JSON example; parcelId and timestamp are from its other pages",
  }),
];
