import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import { defineDimensioner } from "../kit/define.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { decodeUtf8, quoteText } from "../kit/text.ts";
import { hasForbiddenCharacter } from "../scanners/accept-scan.ts";

const optionsSchema = z.strictObject({
  /** What stands for a barcode when none was read; compared without regard to case. */
  noReadWords: z.array(z.string()).default(["NoRead"]),
  maximumBytes: z.int().min(80).max(1024).default(256),
});
type Options = z.infer<typeof optionsSchema>;

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/**
 * Object number; barcode; weight; g; scale error; length; width; height; mm; status in hexadecimal and the volume,
 * with or without a separator between them: the manual's table leaves that open.
 */
const pattern =
  /^(\d{4});([^;]*);(\d{9});g;([01]);(\d{4});(\d{4});(\d{4});mm;([0-9A-Fa-f]{4})(?:;?\d{7})?;?$/;

/** Whatever was not measured is sent as zero and told as absent. */
export function parseTelegram(frame: Uint8Array, options: Options): readonly Reading[] {
  const text = decodeUtf8(frame);
  if (text === null) return refused("not UTF-8");
  const match = pattern.exec(text);
  if (!match) return refused(`not a telegram: ${quoteText(text)}`);
  const [, index, code = "", weight, scaleError, length, width, height, status] = match;
  if (hasForbiddenCharacter(code)) return refused("control character in the code");
  const noRead = code === "" || options.noReadWords.some((word) => word.toLowerCase() === code.toLowerCase());
  const isSized = Number.parseInt(status ?? "", 16) === 0;
  const measures = {
    weightGrams: scaleError === "0" ? Number(weight) : 0,
    lengthMillimetres: isSized ? Number(length) : 0,
    widthMillimetres: isSized ? Number(width) : 0,
    heightMillimetres: isSized ? Number(height) : 0,
  };
  return [
    {
      kind: "size",
      parcelIndex: Number(index),
      ...(noRead ? { noRead } : { barcode: code }),
      ...Object.fromEntries(Object.entries(measures).filter(([, value]) => value > 0)),
    },
  ];
}

export const sickMda: Family<"dimensioner", Options> = {
  name: "sick-mda",
  kind: "dimensioner",
  options: optionsSchema,
  createFramer: ({ maximumBytes }) => createDelimitedFramer({ pairs: [stxEtx], limitBytes: maximumBytes }),
  createDecoder: (options) => (frame) => parseTelegram(frame, options),
  createSession: (context) =>
    createListeningSession(context, (frame) => parseTelegram(frame, context.options)),
};

export const sickMdaModels = [
  defineDimensioner({
    model: "sick-mda",
    vendor: "SICK",
    names: ["Master Data Analyzer", "MDA"],
    family: sickMda,
    confirmed: false,
    source:
      "operating instructions 8020065, table 31 on page 119; status bits other than 0001, and the separator " +
      "before the volume, are unconfirmed",
  }),
];
