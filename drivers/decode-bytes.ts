import type { Reading } from "@waystation/shared/model/reading";
import type { Codec } from "./kit/define.ts";

/** All readings of these pieces, refusals of the framer included; for tests, captures and the command line. */
export function decodeBytes(codec: Codec, pieces: readonly Uint8Array[]): readonly Reading[] {
  const readings: Reading[] = [];
  const sink = {
    onFrame: (frame: Uint8Array) => void readings.push(...codec.decode(frame)),
    onRefused: (reason: string) => void readings.push({ kind: "refused", reason }),
  };
  for (const piece of pieces) codec.framer.push(piece, sink);
  return readings;
}
