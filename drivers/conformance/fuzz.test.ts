import { expect, test } from "vitest";
import { fuzzCodec, fuzzedModels } from "./fuzz.ts";

const bytesPerCodec = 100_000;

test.each(fuzzedModels)("%s: 100 kB of noise and damaged frames, and nothing gives way", (model) => {
  const { bytes } = fuzzCodec(model, bytesPerCodec, 20_261_122);
  expect(bytes).toBeGreaterThanOrEqual(bytesPerCodec);
});
