import { z } from "zod";

/** "ignored" for a clock nobody sets; else one of the usual forms or a form made of the tokens below. */
const namedFormats = ["ignored", "ms", "s", "iso"] as const;
const tokens = ["yyyy", "MM", "dd", "HH", "mm", "ss", "SSS"] as const;
type Token = (typeof tokens)[number];

const isFormat = (text: string) =>
  namedFormats.some((name) => name === text) ||
  (["yyyy", "MM", "dd", "HH", "mm", "ss"] as const).every((token) => text.includes(token));

export const telegramTimeOptions = {
  /** "ms" and "s" since 1970, "iso", or a form such as "yyyyMMddHHmmssSSS" or "dd.MM.yyyy HH:mm:ss". */
  timestampFormat: z.string().max(40).refine(isFormat, "no known timestamp format").default("ignored"),
  /** Minutes east of Greenwich where the stamp does not say it; "station": as this computer's clock. */
  timestampZone: z.union([z.literal("station"), z.int().min(-840).max(840)]).default("station"),
  /**
   * A telegram further than this from the station's clock is refused: it waited in the gate, and its parcel is gone.
   * Only where both clocks are set by the network.
   */
  maximumAgeMs: z.int().min(100).max(86_400_000).optional(),
};
const timeSchema = z.object(telegramTimeOptions);
export type TelegramTime = z.infer<typeof timeSchema>;

/** Null: not a moment in this format; the 30th of February is none. */
export function parseTimestamp(text: string, options: TelegramTime): number | null {
  const { timestampFormat: format, timestampZone: zone } = options;
  if (format === "ms") return /^\d{12,14}$/.test(text) ? Number(text) : null;
  if (format === "s") return /^\d{9,11}(\.\d{1,9})?$/.test(text) ? Math.round(Number(text) * 1000) : null;
  return format === "iso" ? parseIso(text, zone) : parseByForm(text, format, zone);
}

const isoPattern = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?$/;

function parseIso(text: string, zone: TelegramTime["timestampZone"]): number | null {
  const [matched, date, time, fraction = "", offset] = isoPattern.exec(text) ?? [];
  if (matched === undefined) return null;
  const plain = `${date} ${time}.${fraction.slice(0, 3).padEnd(3, "0")}`;
  return parseByForm(plain, "yyyy-MM-dd HH:mm:ss.SSS", offset === undefined ? zone : readOffset(offset));
}

function readOffset(text: string): number {
  if (text === "Z") return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return text.startsWith("-") ? -minutes : minutes;
}

function parseByForm(text: string, form: string, zone: TelegramTime["timestampZone"]): number | null {
  const values = new Map<Token, number>();
  for (let position = 0; position < form.length; ) {
    const token = tokens.find((candidate) => form.startsWith(candidate, position));
    if (token === undefined) {
      if (text[position] !== form[position]) return null;
      position += 1;
    } else {
      const digits = text.slice(position, position + token.length);
      if (digits.length !== token.length || !/^\d+$/.test(digits)) return null;
      values.set(token, Number(digits));
      position += token.length;
    }
  }
  return text.length === form.length ? toEpoch(values, zone) : null;
}

function toEpoch(values: ReadonlyMap<Token, number>, zone: TelegramTime["timestampZone"]): number | null {
  const of = (token: Token) => values.get(token) ?? 0;
  const parts = [of("yyyy"), of("MM") - 1, of("dd"), of("HH"), of("mm"), of("ss"), of("SSS")] as const;
  const moment = new Date(Date.UTC(...parts));
  // a day or month too many moves the day or the year
  const isReal =
    moment.getUTCFullYear() === parts[0] &&
    moment.getUTCDate() === parts[2] &&
    parts[3] < 24 &&
    parts[4] < 60 &&
    parts[5] < 60;
  if (!isReal) return null;
  return zone === "station" ? new Date(...parts).getTime() : moment.getTime() - zone * 60_000;
}

/** Why a telegram sent then may not be used now; null: it may. */
export function judgeAge(sentAtMs: number | null, nowMs: number, options: TelegramTime): string | null {
  if (options.maximumAgeMs === undefined) return null;
  if (sentAtMs === null) return "no timestamp";
  const ageMs = Math.round(nowMs - sentAtMs);
  if (Math.abs(ageMs) <= options.maximumAgeMs) return null;
  return ageMs > 0 ? `measured ${ageMs} ms ago` : `measured ${-ageMs} ms from now: the clocks differ`;
}
