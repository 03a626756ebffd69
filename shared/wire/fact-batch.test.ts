import { expect, test } from "vitest";
import { type FactBatchHeader, factBatchLimits, readFactBatch, writeFactBatch } from "./fact-batch.ts";

const header: FactBatchHeader = { wireVersion: 2, stationId: "s-1", logId: "log", firstSequence: 41 };
const hash = "ab".repeat(32);
const facts = (...texts: string[]) => texts.map((text, at) => ({ sequence: 41 + at, text, hash }));
const body = (...lines: string[]) => [JSON.stringify(header), ...lines].join("\n");

test("every text comes back to the letter, with the sequence its line stands for", () => {
  const texts = ['{"a":"文\\n \\u0000"}', '{"line separator":"\u2028\u2029"}', "{}", " two  blanks "];
  const read = readFactBatch(writeFactBatch(header, facts(...texts)));
  expect(read).toEqual({ ok: true, value: { ...header, facts: facts(...texts) } });
});

test("the most facts a batch may have, each as long as it may be", () => {
  const long = "x".repeat(factBatchLimits.textCharacters);
  expect(readFactBatch(body(`${hash} ${long}`)).ok).toBe(true);
  expect(readFactBatch(body(...Array.from({ length: factBatchLimits.facts }, () => `${hash} {}`))).ok).toBe(
    true,
  );
});

test.each([
  ["nothing at all", ""],
  ["no fact", JSON.stringify(header)],
  ["an empty last line", `${body(`${hash} {}`)}\n`],
  ["a header that is no JSON", `x\n${hash} {}`],
  ["a header of another shape", `{"wireVersion":2}\n${hash} {}`],
  ["a sequence below one", `${JSON.stringify({ ...header, firstSequence: 0 })}\n${hash} {}`],
  ["a hash in capitals", body(`${hash.toUpperCase()} {}`)],
  ["a hash that is too short", body(`${hash.slice(1)} {}`)],
  ["no blank behind the hash", body(`${hash}-{}`)],
  ["a text that is too long", body(`${hash} ${"x".repeat(factBatchLimits.textCharacters + 1)}`)],
  ["too many", body(...Array.from({ length: factBatchLimits.facts + 1 }, () => `${hash} {}`))],
  ["lines of another system", body(`${hash} {}`).replaceAll("\n", "\r")],
])("refused: %s", (_name, text) => {
  expect(readFactBatch(text)).toMatchObject({ ok: false, failure: { code: "request.invalid" } });
});
