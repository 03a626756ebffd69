import { expect, test } from "vitest";
import { releaseText } from "./release.ts";

test("the text of a release is its parts as stored, the order first", () => {
  expect(releaseText('{"orderId":"1"}', '{"label":"house"}')).toBe('{"orderId":"1"}\n{"label":"house"}');
});

test("a byte moved from one part into the other gives another text", () => {
  // JSON never holds a bare line feed, so the boundary cannot be forged.
  expect(releaseText('{"a":1}', '{"b":2}')).not.toBe(releaseText('{"a":1}{"b":2}', ""));
  expect(JSON.stringify({ text: "a\nb" })).not.toContain("\n");
});
