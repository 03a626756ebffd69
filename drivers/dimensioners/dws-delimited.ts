import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
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

/** The template of the telegram is data, as in the DWS vendors' own configuration pages. */
const optionsSchema = z.strictObject({
  fields: z
    .array(z.enum(fieldNames))
    .min(2)
    .max(32)
    // the one before the timestamp is the volume: three sides give it as well
    .default(["code", "weight", "length", "width", "height", "ignore", "timestamp"]),
  delimiter: z.string().length(1).default(","),
  /** "line" up to the terminator, "stx-etx" between 02 and 03 with anything blank in between. */
  framing: z.enum(["line", "stx-etx"]).default("line"),
  /** "lf" takes CR LF as well: blanks around a field do not count. */
  terminator: z.enum(["cr", "lf", "crlf"]).default("lf"),
  /** Fixed characters in front of the first field; a telegram without them is refused. */
  prefix: z.string().max(25).default(""),
  maximumBytes: z.int().min(16).max(4096).default(512),
  ...telegramOptions,
});
type Options = z.infer<typeof optionsSchema>;

const createFramer = ({ framing, terminator, maximumBytes }: Options) =>
  framing === "line"
    ? createLineFramer({ terminator, limitBytes: maximumBytes })
    : createDelimitedFramer({ pairs: [stxEtx], limitBytes: maximumBytes });

export function parseTelegram(frame: Uint8Array, options: Options): Telegram {
  const line = decodeUtf8(frame);
  if (line === null) return { refused: "not UTF-8" };
  if (!line.startsWith(options.prefix)) return { refused: `prefix missing in ${quoteText(line)}` };
  const texts = line.slice(options.prefix.length).split(options.delimiter);
  if (texts.length !== options.fields.length) {
    return { refused: `${texts.length} fields instead of ${options.fields.length}` };
  }
  const pairs = options.fields.map((name, position): [FieldName, string] => [
    name,
    (texts[position] ?? "").trim(),
  ]);
  return readFields(pairs, options);
}

export const dwsDelimited: Family<"dimensioner", Options> = {
  name: "dws-delimited",
  kind: "dimensioner",
  options: optionsSchema,
  createFramer,
  createDecoder: (options) => (frame) => tellTelegram(parseTelegram(frame, options), options, null),
  createSession: (context) =>
    createListeningSession(context, (frame) =>
      tellTelegram(parseTelegram(frame, context.options), context.options, Date.now()),
    ),
};

export const dwsDelimitedModels = [
  /** The usual telegram of a dimensioning-weighing-scanning gate; the site lays its own template over it. */
  defineDimensioner({
    model: "dws-delimited",
    vendor: "generic",
    names: ["DWS gate, delimited text over TCP"],
    family: dwsDelimited,
    confirmed: false,
    source:
      "public DWS configuration guide, standard template: {Code},{Weight},{Length},{Width},{Height},{Volume}," +
      "{Timestamp}; the line's end is not told there",
  }),
  defineDimensioner({
    model: "dws-indexed",
    vendor: "generic",
    names: ["DWS gate, delimited text with the parcel's index"],
    family: dwsDelimited,
    options: { fields: ["index", "code", "weight", "length", "width", "height", "timestamp"] },
    confirmed: false,
    source:
      "the same template with the trigger's number in front, which keeps no-reads and equal barcodes apart",
  }),
  defineDimensioner({
    model: "datalogic-dm3610",
    vendor: "Datalogic",
    names: ["DM3610", "DC3000"],
    family: dwsDelimited,
    options: { fields: ["length", "width", "height"], framing: "stx-etx" },
    confirmed: false,
    source:
      "DM3610 manual page 89: header, trailer and the order of L, W, H are chosen there; separator, unit and " +
      "digits are unconfirmed; sequence number and check characters must be switched off",
  }),
];
