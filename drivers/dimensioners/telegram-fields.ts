import type { Reading, SizeReading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { toGrams, toMillimetres } from "../kit/decimal.ts";
import { quoteText } from "../kit/text.ts";
import { hasForbiddenCharacter } from "../scanners/accept-scan.ts";
import { judgeAge, parseTimestamp, telegramTimeOptions } from "./telegram-time.ts";

export const fieldNames = [
  "index",
  "code",
  "weight",
  "length",
  "width",
  "height",
  "timestamp",
  "ignore",
] as const;
export type FieldName = (typeof fieldNames)[number];

/** What the values of a telegram mean, whatever shape it has; spread into the family's options. */
export const telegramOptions = {
  weightUnit: z.enum(["g", "kg", "lb", "oz"]).default("g"),
  lengthUnit: z.enum(["mm", "cm", "m", "in"]).default("mm"),
  /** Compared without regard to case; an empty code means the same. */
  noReadWords: z.array(z.string()).default(["noread"]),
  ...telegramTimeOptions,
};
const optionsSchema = z.object(telegramOptions);
export type TelegramOptions = z.infer<typeof optionsSchema>;

export type Telegram =
  | { readonly size: SizeReading; readonly sentAtMs: number | null }
  | { readonly refused: string };

type Draft = { -readonly [Key in keyof SizeReading]: SizeReading[Key] } & { sentAtMs: number | null };

/** Puts one field into the draft; returns why it cannot. */
type FieldReader = (draft: Draft, text: string, options: TelegramOptions) => string | null;

/** Zero and an empty field are the vendors' words for "not measured". */
const readMeasure =
  (
    key: "weightGrams" | "lengthMillimetres" | "widthMillimetres" | "heightMillimetres",
    convert: (text: string, options: TelegramOptions) => number | null,
  ): FieldReader =>
  (draft, text, options) => {
    if (text === "") return null;
    const value = convert(text, options);
    if (value === null || value < 0) return `${key} is ${quoteText(text)}`;
    if (value > 0) draft[key] = value;
    return null;
  };

const inMillimetres = (text: string, options: TelegramOptions) => toMillimetres(text, options.lengthUnit);

const readers: Readonly<Record<FieldName, FieldReader>> = {
  index: (draft, text) => {
    if (!/^\d{1,15}$/.test(text)) return `index is ${quoteText(text)}`;
    draft.parcelIndex = Number(text);
    return null;
  },
  code: (draft, text, options) => {
    if (hasForbiddenCharacter(text)) return "control character in the code";
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
  // never dates the reading, that is the station's clock; it only shows how long the telegram was on its way
  timestamp: (draft, text, options) => {
    if (options.timestampFormat === "ignored") return null;
    draft.sentAtMs = parseTimestamp(text, options);
    return draft.sentAtMs === null ? `timestamp is ${quoteText(text)}` : null;
  },
  ignore: () => null,
};

/** All fields understood, or a refusal: a half-understood telegram is never passed on. */
export function readFields(
  fields: Iterable<readonly [FieldName, string]>,
  options: TelegramOptions,
): Telegram {
  const draft: Draft = { kind: "size", sentAtMs: null };
  for (const [name, text] of fields) {
    const refused = readers[name](draft, text, options);
    if (refused !== null) return { refused };
  }
  const { sentAtMs, ...size } = draft;
  return { size, sentAtMs };
}

/** `nowMs` of the wall clock; null where there is no now, as with a recording. */
export function tellTelegram(
  telegram: Telegram,
  options: TelegramOptions,
  nowMs: number | null,
): readonly Reading[] {
  if ("refused" in telegram) return [{ kind: "refused", reason: telegram.refused }];
  const stale = nowMs === null ? null : judgeAge(telegram.sentAtMs, nowMs, options);
  return [stale === null ? telegram.size : { kind: "refused", reason: stale }];
}
