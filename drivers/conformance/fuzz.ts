import { assert } from "@waystation/shared/failures/assert";
import type { Reading } from "@waystation/shared/model/reading";
import { decodeBytes } from "../decode-bytes.ts";
import type { Codec } from "../kit/define.ts";
import { deviceDefinitions, findDefinition } from "../registry.ts";
import { joinChunks, readCaptures } from "./captures.ts";

/** Models with a codec of their own code: the generic one of every family. */
export const fuzzedModels: readonly string[] = [
  ...new Map(deviceDefinitions.toReversed().map(({ familyName, model }) => [familyName, model])).values(),
].toReversed();

/** No framer may hold more, whatever comes. */
const heldLimitBytes = 8192;
const chunkBytes = 4096;

export type FuzzReport = { readonly bytes: number; readonly readings: number; readonly refused: number };

/**
 * Throws so many bytes at a model's codec: noise, and its own captures whole, cut, repeated and with flipped bits. The
 * same seed gives the same bytes. Fails on the first crash, on a buffer that grows and on a reading that cannot be.
 */
export function fuzzCodec(model: string, totalBytes: number, seed: number): FuzzReport {
  const captures = readCaptures(model);
  const options = captures[0]?.options ?? {};
  const codec = openCodec(model, options);
  const frames = captures.filter((capture) => same(capture.options, options)).map(joinChunks);
  const random = createRandom(seed);
  let [bytes, readings, refused] = [0, 0, 0];
  while (bytes < totalBytes) {
    const chunk = makeChunk(random, frames);
    for (const reading of decodeBytes(codec, [chunk])) {
      if (reading.kind === "refused") refused += 1;
      else readings += 1;
      checkReading(model, reading);
    }
    assert(codec.framer.heldBytes() <= heldLimitBytes, `${model} holds ${codec.framer.heldBytes()} bytes`);
    bytes += chunk.length;
  }
  return { bytes, readings, refused };
}

export function openCodec(model: string, options: Readonly<Record<string, unknown>>): Codec {
  const codec = findDefinition(model)?.createCodec(options);
  assert(codec?.ok === true, `a codec of ${model}`);
  return codec.value;
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

type Random = (below: number) => number;

/** Small and repeatable (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function makeChunk(random: Random, frames: readonly Uint8Array[]): Uint8Array {
  const frame = frames[random(Math.max(1, frames.length))];
  if (frame === undefined || random(3) === 0) return makeNoise(random, 1 + random(chunkBytes));
  const damaged = Uint8Array.from(frame);
  for (let hits = random(6); hits > 0; hits -= 1) {
    const at = random(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << random(8));
  }
  const from = random(4) === 0 ? random(damaged.length) : 0;
  const to = random(4) === 0 ? from + random(damaged.length - from + 1) : damaged.length;
  return damaged.slice(from, Math.max(from + 1, to));
}

/** Half of it from the few bytes that mean something somewhere: line ends, STX, digits, separators. */
function makeNoise(random: Random, length: number): Uint8Array {
  const telling = Buffer.from(
    "\u0002\u0003\r\n 0123456789.,+-STGUOLkgbw#{}[]\"'=:]CQ\u001b\u0005\u0006",
    "latin1",
  );
  return Uint8Array.from({ length }, () =>
    random(2) === 0 ? random(256) : (telling[random(telling.length)] ?? 0),
  );
}

/** What no reading can be, whoever made it. */
function checkReading(model: string, reading: Reading): void {
  const text = `${model} gave ${JSON.stringify(reading)}`;
  switch (reading.kind) {
    case "weight": {
      const hasWeight = reading.state === "stable" || reading.state === "motion";
      assert(hasWeight || reading.weightGrams === undefined, text);
      assert(reading.weightGrams === undefined || Number.isSafeInteger(reading.weightGrams), text);
      return;
    }
    case "size": {
      const { lengthMillimetres, widthMillimetres, heightMillimetres, weightGrams } = reading;
      for (const value of [lengthMillimetres, widthMillimetres, heightMillimetres, weightGrams])
        assert(value === undefined || (Number.isSafeInteger(value) && value > 0), text);
      return;
    }
    case "scan":
      assert(reading.data.length > 0 && !/[\u0000-\u001c\u001e\u001f\u007f]/.test(reading.data), text);
      return;
    case "sorter":
      assert(reading.parcelIndex === undefined || Number.isSafeInteger(reading.parcelIndex), text);
      assert(reading.chute === undefined || Number.isSafeInteger(reading.chute), text);
      return;
    case "printer-status":
    case "refused":
  }
}
