import fc from "fast-check";
import { expect, test } from "vitest";
import { mintId } from "./id.ts";

const mintAt = (atMs: number, byte: number): string =>
  mintId({ nowMs: () => atMs, randomBytes: (length) => new Uint8Array(length).fill(byte) });

test("an id is a UUID of version 7 that bears its time", () => {
  // RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
  expect(mintAt(0x017f22e279b0, 0xff)).toBe("017f22e2-79b0-7fff-bfff-ffffffffffff");
  expect(mintAt(0x017f22e279b0, 0)).toBe("017f22e2-79b0-7000-8000-000000000000");
});

test("a later id sorts after an earlier one, whatever the chance", () => {
  const atMs = fc.integer({ min: 0, max: 2 ** 48 - 2 });
  const byte = fc.integer({ min: 0, max: 255 });
  fc.assert(
    fc.property(atMs, byte, byte, (at, first, second) => {
      expect(mintAt(at, first) < mintAt(at + 1, second)).toBe(true);
      expect(mintAt(at, first)).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }),
    { numRuns: 200 },
  );
});
