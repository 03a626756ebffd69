import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { quoteText } from "../kit/text.ts";
import { acceptScan, hasForbiddenCharacter, scanFilterOptions } from "./accept-scan.ts";
import { findSymbology } from "./aim.ts";

/** How a fixed scanner is set to write what it has read; spread into the options of the families that need it. */
export const readTextOptions = {
  /** Fixed characters around the whole text; without them it is refused. */
  prefix: z.string().max(25).default(""),
  suffix: z.string().max(25).default(""),
  /** Stands between several barcodes of one parcel; absent: there is only one. */
  separator: z.string().min(1).max(4).optional(),
  /** Sent when nothing was read; compared without regard to case. */
  noReadWords: z.array(z.string().min(1)).default(["NoRead"]),
  /**
   * What each barcode begins with: an AIM id, nothing, or the scanner's own letters, e.g. {"B": "code-128"}.
   * With letters a barcode without one is refused.
   */
  codeId: z
    .union([
      z.enum(["aim-optional", "aim-required", "none"]),
      z.record(z.string().min(1).max(4), z.string().min(1)),
    ])
    .default("aim-optional"),
  ...scanFilterOptions,
};
const optionsSchema = z.object(readTextOptions);
export type ReadTextOptions = z.infer<typeof optionsSchema>;

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/** One message of a scanner -> its scans. "no read" is told as refused: there is no barcode to hand on. */
export function readText(text: string, options: ReadTextOptions): readonly Reading[] {
  const { prefix, suffix, separator } = options;
  // GS and line signs may be set around a text, never inside it
  const isFramed =
    text.length >= prefix.length + suffix.length && text.startsWith(prefix) && text.endsWith(suffix);
  if (!isFramed) return refused(`prefix or suffix missing in ${quoteText(text)}`);
  const inner = text.slice(prefix.length, text.length - suffix.length);
  if (hasForbiddenCharacter(inner)) return refused(`control character in ${quoteText(inner)}`);
  if (isNoRead(inner, options)) return refused("no read");
  const codes = separator === undefined ? [inner] : inner.split(separator).filter((code) => code !== "");
  if (codes.length === 0) return refused("empty barcode");
  return codes.flatMap((code) => (isNoRead(code, options) ? refused("no read") : readCode(code, options)));
}

const isNoRead = (text: string, { noReadWords }: ReadTextOptions): boolean =>
  noReadWords.some((word) => word.toLowerCase() === text.toLowerCase());

function readCode(code: string, options: ReadTextOptions): readonly Reading[] {
  const { codeId } = options;
  if (codeId === "none") return acceptScan(code, "unknown", options);
  if (typeof codeId === "object") {
    const letters = Object.keys(codeId)
      .filter((candidate) => code.startsWith(candidate))
      .toSorted((a, b) => b.length - a.length)[0];
    if (letters === undefined) return refused(`no code letter in ${quoteText(code)}`);
    return acceptScan(code.slice(letters.length), codeId[letters] ?? "unknown", options);
  }
  const symbology = findSymbology(code);
  if (symbology !== null) return acceptScan(code.slice(3), symbology, options);
  if (codeId === "aim-required") return refused(`no AIM id in ${quoteText(code)}`);
  return acceptScan(code, "unknown", options);
}
