import { expect, test } from "vitest";
import { fuzzCodec, fuzzedModels } from "./fuzz.ts";

const bytesPerCodec = 10_000_000;
/** A fresh one every day, printed, so that a failure can be repeated. */
const seed = Math.floor(Date.now() / 86_400_000);

test.each(fuzzedModels)("%s: ten million bytes", (model) => {
  const { bytes, readings, refused } = fuzzCodec(model, bytesPerCodec, seed);
  console.log(`${model}: seed ${seed}, ${bytes} bytes, ${readings} readings, ${refused} refusals`);
  expect(bytes).toBeGreaterThanOrEqual(bytesPerCodec);
});
