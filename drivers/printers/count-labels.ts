import { decodeLatin1 } from "../kit/text.ts";

/**
 * Labels a ZPL stream gives: every ^XA ... ^XZ counts its ^PQ (1 without one); ^DF only stores a format.
 * Read in pieces, so that a label of megabytes does not become one argument list.
 */
export function countLabels(bytes: Uint8Array): number {
  const text = toText(bytes);
  let labels = 0;
  let end = text.indexOf("^XZ");
  let begin = 0;
  while (end >= 0) {
    labels += countFormat(text.slice(begin, end));
    begin = end + 3;
    end = text.indexOf("^XZ", begin);
  }
  return labels;
}

function countFormat(format: string): number {
  if (!format.includes("^XA") || format.includes("^DF")) return 0;
  const quantity = /\^PQ(\d{1,8})/.exec(format)?.[1];
  return quantity === undefined ? 1 : Number(quantity);
}

function toText(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 8192) {
    pieces.push(decodeLatin1(bytes.subarray(offset, offset + 8192)));
  }
  return pieces.join("");
}
