import { assert as assertHolds } from "@waystation/shared/failures/assert";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBytes } from "../decode-bytes.ts";
import type { Codec } from "../kit/define.ts";
import { deviceDefinitions, findDefinition, indexByModel } from "../registry.ts";
import { cutAt, joinChunks, listCapturedModels, readCaptures } from "./captures.ts";

const createCodec = (model: string, options: Record<string, unknown> = {}): Codec => {
  const codec = findDefinition(model)?.createCodec(options);
  assertHolds(codec?.ok, `codec of ${model}`);
  return codec.value;
};

/** Binary weights without a check of their own: USB drops a damaged packet before anybody sees it. */
const checkedByUsb: ReadonlySet<string> = new Set(["hid-pos-scale"]);

test("a model defined twice is a bug, and every folder of captures belongs to a model", () => {
  expect(() => indexByModel([...deviceDefinitions, ...deviceDefinitions.slice(0, 1)])).toThrow(
    /defined twice/,
  );
  for (const model of listCapturedModels()) expect(findDefinition(model)?.model).toBe(model);
});

/** Formats nobody has published an example of: their captures are written by hand after the document they name. */
const withoutExample: ReadonlySet<string> = new Set(["fairbanks-ups", "jd-wcs", "tcp-scanner"]);

test("of every family bytes and their meaning were taken from somebody else's document", () => {
  const families = new Map<string, boolean>();
  for (const { familyName, model } of deviceDefinitions) {
    const hasExample = readCaptures(model).some(({ source }) => source.from !== "made");
    families.set(familyName, hasExample || families.get(familyName) === true);
  }
  const lacking = [...families].filter(([, hasExample]) => !hasExample).map(([name]) => name);
  expect(lacking.toSorted()).toEqual([...withoutExample].toSorted());
});

describe.each(deviceDefinitions.map(({ model }) => model))("%s", (model) => {
  const captures = readCaptures(model);

  test("has a capture, and each gives its readings", () => {
    expect(captures.length).toBeGreaterThan(0);
    for (const capture of captures) {
      const pieces = capture.chunks.map(({ hex }) => Buffer.from(hex, "hex"));
      expect(decodeBytes(createCodec(model, capture.options), pieces), capture.name).toEqual(
        capture.readings,
      );
    }
  });

  test("any split of the bytes gives the same readings", () => {
    for (const capture of captures) {
      const bytes = joinChunks(capture);
      const whole = decodeBytes(createCodec(model, capture.options), [bytes]);
      const places = fc.array(fc.nat(bytes.length), { maxLength: 12 });
      fc.assert(
        fc.property(places, (cuts) => {
          expect(decodeBytes(createCodec(model, capture.options), cutAt(bytes, cuts))).toEqual(whole);
        }),
        { numRuns: 25 },
      );
      const singles = [...bytes].map((byte) => Uint8Array.of(byte));
      expect(decodeBytes(createCodec(model, capture.options), singles)).toEqual(whole);
    }
  });

  test("100 kB of noise: no crash, nothing piles up, and the device is understood again afterwards", () => {
    const codec = createCodec(model, captures[0]?.options);
    const frame = captures[0] ? joinChunks(captures[0]) : new Uint8Array();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 10_000, maxLength: 10_000 }), (noise) => {
        decodeBytes(codec, [noise]);
        expect(codec.framer.heldBytes()).toBeLessThanOrEqual(8192);
      }),
      { numRuns: 10 },
    );
    // one whole capture may be spent on getting back into step, the second must be heard
    decodeBytes(codec, [frame]);
    const heard = decodeBytes(codec, [frame]).filter((reading) => reading.kind !== "refused");
    if (findDefinition(model)?.kind !== "sorter") expect(heard.length).toBeGreaterThan(0);
  });

  const isCheckedByUsb = checkedByUsb.has(findDefinition(model)?.familyName ?? "");
  test.skipIf(isCheckedByUsb)("one damaged byte never makes a reading no whole frame carried", () => {
    for (const capture of captures) {
      const bytes = joinChunks(capture);
      const known = new Set(capture.readings.map((reading) => JSON.stringify(reading)));
      // every place and not a sample of them: a damaged word that means nothing was found by chance alone
      for (let place = 0; place < bytes.length; place += 1) {
        // a control byte that is no delimiter of any family: it can only destroy, not forge
        const damaged = Uint8Array.from(bytes, (byte, position) => (position === place ? 0x15 : byte));
        const readings = decodeBytes(createCodec(model, capture.options), [damaged]);
        const forged = readings.filter(
          (reading) => reading.kind !== "refused" && !known.has(JSON.stringify(reading)),
        );
        if (findDefinition(model)?.kind !== "sorter")
          expect({ place, forged }).toEqual({ place, forged: [] });
      }
    }
  });
});
