import { decodeLatin1 } from "../kit/text.ts";

/** A command that carries raw bytes behind its header, which may look like anything. */
export type DataCommand = {
  /** Matches the header from the line's start to the first raw byte. */
  readonly header: RegExp;
  readonly countBytes: (match: RegExpExecArray) => number;
};

/** Longest line looked at; what is longer is data or a long text and no command that prints. */
const lookAheadBytes = 128;
const CR = 0x0d;
const LF = 0x0a;

/** The command lines of a label in a text language, raw data left out. Lines are cut off at 128 characters. */
export function readCommandLines(bytes: Uint8Array, dataCommands: readonly DataCommand[]): readonly string[] {
  const lines: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const text = decodeLatin1(bytes.subarray(at, at + lookAheadBytes));
    const dataLength = measureData(text, dataCommands);
    const end = dataLength === null ? findLineEnd(bytes, at) : at + dataLength;
    const line = text.slice(0, end - at).trim();
    if (line.length > 0 && dataLength === null) lines.push(line);
    at = end;
    while (bytes[at] === CR || bytes[at] === LF) at += 1;
  }
  return lines;
}

function measureData(text: string, dataCommands: readonly DataCommand[]): number | null {
  for (const { header, countBytes } of dataCommands) {
    const match = header.exec(text);
    if (match) return match[0].length + countBytes(match);
  }
  return null;
}

function findLineEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] === CR || bytes[at] === LF) return at;
  return bytes.length;
}

/** Width in bytes times height in dots, as every bitmap header gives them. */
export const bitmapBytes = (match: RegExpExecArray): number => Number(match[1]) * Number(match[2]);
