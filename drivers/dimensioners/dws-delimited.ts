import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { defineDimensioner } from "../kit/define.ts";
import { createLineFramer } from "../framing/line.ts";
import { toGrams, toMillimetres } from "../kit/decimal.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { decodeUtf8, quoteText } from "../kit/text.ts";

const fieldNames = ["index", "code", "weight", "length", "width", "height", "timestamp", "ignore"] as const;
type FieldName = (typeof fieldNames)[number];

/** The template of the telegram is data, as in the DWS vendors' own configuration pages. */
const optionsSchema = z.strictObject({
  fields: z
    .array(z.enum(fieldNames))
    .min(2)
    .max(32)
    .default(["index", "code", "weight", "length", "width", "height", "timestamp"]),
  delimiter: z.string().length(1).default(","),
  terminator: z.enum(["cr", "lf", "crlf"]).default("crlf"),
  weightUnit: z.enum(["g", "kg", "lb", "oz"]).default("g"),
  lengthUnit: z.enum(["mm", "cm", "in"]).default("mm"),
  /** Compared without regard to case; an empty code means the same. */
  noReadWords: z.array(z.string()).default(["noread"]),
  maximumBytes: z.int().min(16).max(4096).default(512),
});
type Options = z.infer<typeof optionsSchema>;

type Draft = {
  -readonly [Key in keyof Extract<Reading, { kind: "size" }>]: Extract<Reading, { kind: "size" }>[Key];
};

/** Puts one field into the draft; returns why it cannot. Zero is the vendors' word for "not measured". */
type FieldReader = (draft: Draft, text: string, options: Options) => string | null;

const readMeasure =
  (
    key: "weightGrams" | "lengthMillimetres" | "widthMillimetres" | "heightMillimetres",
    convert: (text: string, options: Options) => number | null,
  ): FieldReader =>
  (draft, text, options) => {
    const value = convert(text, options);
    if (value === null || value < 0) return `${key} is ${quoteText(text)}`;
    if (value > 0) draft[key] = value;
    return null;
  };

const inMillimetres = (text: string, options: Options) => toMillimetres(text, options.lengthUnit);
const ignore: FieldReader = () => null;

const readers: Readonly<Record<FieldName, FieldReader>> = {
  index: (draft, text) => {
    if (!/^\d{1,15}$/.test(text)) return `index is ${quoteText(text)}`;
    draft.parcelIndex = Number(text);
    return null;
  },
  code: (draft, text, options) => {
    if (/[\u0000-\u001c\u001e\u001f\u007f-\u009f]/.test(text)) return "control character in the code";
    const word = text.toLowerCase();
    const noRead = text === "" || options.noReadWords.some((other) => other.toLowerCase() === word);
    if (noRead) draft.noRead = true;
    else draft.barcode = text;
    return null;
  },
  weight: readMeasure("weightGrams", (text, options) => toGrams(text, options.weightUnit)),
  length: readMeasure("lengthMillimetres", inMillimetres),
  width: readMeasure("widthMillimetres", inMillimetres),
  height: readMeasure("heightMillimetres", inMillimetres),
  // the station's own clock dates readings; a DWS clock may be off by hours
  timestamp: ignore,
  ignore,
};

/** One telegram -> one size reading, or a refusal: a half-understood telegram is never passed on. */
export function parseTelegram(frame: Uint8Array, options: Options): readonly Reading[] {
  const line = decodeUtf8(frame);
  if (line === null) return [{ kind: "refused", reason: "not UTF-8" }];
  const texts = line.split(options.delimiter).map((text) => text.trim());
  if (texts.length !== options.fields.length) {
    const reason = `${texts.length} fields instead of ${options.fields.length}`;
    return [{ kind: "refused", reason }];
  }
  const draft: Draft = { kind: "size" };
  for (const [position, name] of options.fields.entries()) {
    const reason = readers[name](draft, texts[position] ?? "", options);
    if (reason !== null) return [{ kind: "refused", reason }];
  }
  return [draft];
}

export const dwsDelimited: Family<"dimensioner", Options> = {
  name: "dws-delimited",
  kind: "dimensioner",
  options: optionsSchema,
  createFramer: (options) =>
    createLineFramer({ terminator: options.terminator, limitBytes: options.maximumBytes }),
  createDecoder: (options) => (frame) => parseTelegram(frame, options),
  createSession: (context) =>
    createListeningSession(context, (frame) => parseTelegram(frame, context.options)),
};

export const dwsDelimitedModels = [
  /** The usual telegram of a dimensioning-weighing-scanning gate; the site lays its own template over it. */
  defineDimensioner({
    model: "dws-delimited",
    vendor: "generic",
    names: ["DWS gate, delimited text over TCP"],
    family: dwsDelimited,
    confirmed: false,
    source: "public DWS configuration guides: {Code},{Weight},{Length},{Width},{Height},{Timestamp}",
  }),
];
