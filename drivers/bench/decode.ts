import { decodeBytes } from "../decode-bytes.ts";
import { fuzzedModels, openCodec } from "../conformance/fuzz.ts";
import { joinChunks, readCaptures } from "../conformance/captures.ts";

/**
 * Bytes to readings, family by family, over the captures repeated to a megabyte: nanoseconds per frame and megabytes a
 * second, against looking for the byte its frames end with and doing nothing.
 */
const streamBytes = 1_000_000;
const pieceBytes = 64;
const rounds = 7;

type Line = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number | null;
};

function print({ name, value, unit, limit }: Line): void {
  const round = (number: number) => Number(number.toPrecision(4));
  const ratio = limit === null ? null : round(value / limit);
  const line = {
    name,
    value: round(value),
    unit,
    limit: limit === null ? null : round(limit),
    ratio,
    runs: rounds,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function time(work: () => void): number {
  const startedAt = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - startedAt);
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** In pieces, as a serial line delivers them. */
function cut(bytes: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  return pieces;
}

function scan(bytes: Buffer, terminator: number): number {
  let found = 0;
  for (let at = bytes.indexOf(terminator); at !== -1; at = bytes.indexOf(terminator, at + 1)) found += 1;
  return found;
}

for (const model of fuzzedModels) {
  const [capture] = readCaptures(model);
  if (capture === undefined) continue;
  const once = joinChunks(capture);
  const stream = Buffer.concat(Array.from({ length: Math.ceil(streamBytes / once.length) }, () => once));
  const pieces = cut(stream);
  let frames = 0;
  const counting = openCodec(model, capture.options);
  for (const piece of pieces)
    counting.framer.push(piece, { onFrame: () => (frames += 1), onRefused: () => {} });
  const terminator = once.at(-1) ?? 0;
  const [ours, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round += 1) {
    const codec = openCodec(model, capture.options);
    const decoding = time(() => decodeBytes(codec, pieces));
    const scanning = time(() => scan(stream, terminator));
    if (round > 0) {
      ours.push(decoding);
      bare.push(scanning);
    }
  }
  const perFrame = (nanoseconds: number) => nanoseconds / Math.max(1, frames);
  print({
    name: `decode.${model}`,
    value: perFrame(median(ours)),
    unit: "ns/frame",
    limit: perFrame(median(bare)),
  });
  print({
    name: `decode.${model}.throughput`,
    value: (stream.length * 1000) / median(ours),
    unit: "MB/s",
    limit: null,
  });
}
