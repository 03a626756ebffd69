import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createWedgeDecoder, type WedgeKey, wedgeOptionsSchema } from "./wedge.ts";
import { decodeKeys, playScanner, tap } from "./wedge.test-support.ts";

const recordings = z
  .array(
    z.strictObject({
      name: z.string(),
      source: z.strictObject({
        from: z.enum(["published", "device", "made"]),
        document: z.string(),
        address: z.url().optional(),
      }),
      gapMs: z.number(),
      options: z.record(z.string(), z.unknown()).default({}),
      keys: z.array(z.string()),
      readings: z.array(z.looseObject({ kind: z.string() })),
    }),
  )
  .parse(JSON.parse(readFileSync(new URL("../../fixtures/wedge/keys.json", import.meta.url), "utf8")));

describe("recordings", () => {
  test.each(recordings)("$name", ({ keys, gapMs, options, readings }) => {
    const events = playScanner(keys, 1000, gapMs);
    expect(decodeKeys(events, options).readings).toEqual(readings);
  });

  test("no key of a scan reaches the page, except modifiers", () => {
    for (const { name, keys, gapMs, options, readings } of recordings) {
      if (readings.length === 0) continue;
      const { passed } = decodeKeys(playScanner(keys, 1000, gapMs), options);
      const seen = passed.filter(({ code }) => !/^(Shift|Control|Alt)/.test(code));
      expect(seen, name).toEqual([]);
    }
  });
});

const digits = (text: string) => [...text].map((digit) => `Digit${digit}`);
const scanAt = (atMs: number, text = "12345678") => playScanner([...digits(text), "Enter"], atMs, 5);
const codes = (keys: readonly WedgeKey[]) => keys.map(({ code }) => code);

test("a person's keys come out, each once and in order, and never as a scan", () => {
  const word = ["KeyL", "KeyP", "Space", "Digit1", "Enter", "F2", "Tab", "Escape"];
  const typed = word.flatMap((code, index) => tap(code, index * 90, 70));
  expect(codes(decodeKeys(typed).passed)).toEqual(word);
  expect(decodeKeys(typed).readings).toEqual([]);
});

test("two keys rolled over each other, and Enter right after them, are still a person's", () => {
  const typed = [...tap("KeyA", 0, 60), ...tap("KeyB", 20, 60), ...tap("Enter", 50, 60)];
  expect(codes(decodeKeys(typed).passed)).toEqual(["KeyA", "KeyB", "Enter"]);
});

test.each([
  ["inside", 22, "a key was pressed during the scan"],
  ["just before", -10, "a key was pressed during the scan"],
  ["held down since long", -100, "a key was held down during the scan"],
])("a person's key %s a scan: the scan is refused, the key is let through", (_, offsetMs, reason) => {
  const { readings, passed } = decodeKeys([...scanAt(1000), ...tap("KeyX", 1000 + offsetMs, 200)]);
  expect(readings).toEqual([{ kind: "refused", reason }]);
  expect(codes(passed)).toEqual(["KeyX"]);
});

test("a person's Enter inside a scan does not cut it in two, and is let through", () => {
  const { readings, passed } = decodeKeys([...scanAt(1000), ...tap("Enter", 1021, 80)]);
  expect(readings.filter(({ kind }) => kind === "scan")).toEqual([]);
  expect(codes(passed)).toEqual(["Enter"]);
});

test.each([
  ["before and through the scan", 700, 1500],
  ["before it and until shortly before its end", 700, 1035],
  ["in the middle of it and longer", 1012, 1500],
])("a Shift held by a person, %s, does not turn digits into signs", (_, fromMs, toMs) => {
  const shifted = scanAt(1000).map((event) => ({
    ...event,
    shift: event.atMs >= fromMs && event.atMs < toMs,
  }));
  const { readings } = decodeKeys([...tap("ShiftLeft", fromMs, toMs - fromMs), ...shifted]);
  expect(readings).toEqual([{ kind: "refused", reason: "Shift was held during the scan" }]);
});

test("a timer that ran too early never makes half a scan", () => {
  const decoder = createWedgeDecoder<WedgeKey>(wedgeOptionsSchema.parse({}));
  const events = scanAt(1000, "1234567890123456");
  const said = events.flatMap((event, index) => {
    const early = index === 9 ? decoder.tick(event.atMs + 500).readings : [];
    return [...early, ...decoder.take(event).readings];
  });
  expect(said.filter(({ kind }) => kind === "scan")).toEqual([]);
  expect(said.length).toBeGreaterThan(0);
});

test("after a window that lost its keyboard the next scan is heard", () => {
  const decoder = createWedgeDecoder<WedgeKey>(wedgeOptionsSchema.parse({}));
  for (const event of scanAt(1000).slice(0, 7)) decoder.take(event);
  decoder.reset();
  const said = scanAt(5000).flatMap((event) => decoder.take(event).readings);
  expect(said).toEqual([{ kind: "scan", data: "12345678", symbology: "unknown" }]);
});

const barcode = fc
  .array(fc.constantFrom(..."0123456789"), { minLength: 4, maxLength: 24 })
  .map((all) => all.join(""));
const scan = fc.record({
  text: barcode,
  gapMs: fc.integer({ min: 1, max: 30 }),
  afterMs: fc.integer({ min: 150, max: 900 }),
});
/** At human speed: keys at least 60 ms apart, each down for 40 to 110 ms. */
const stroke = fc.record({
  code: fc.constantFrom("KeyA", "KeyM", "Space", "Digit7", "Comma", "Enter", "Tab", "F2", "F8", "Escape"),
  afterMs: fc.integer({ min: 60, max: 400 }),
  holdMs: fc.integer({ min: 40, max: 110 }),
});

type Scan = { readonly text: string; readonly gapMs: number; readonly afterMs: number };
type Stroke = { readonly code: string; readonly afterMs: number; readonly holdMs: number };

function layScans(scans: readonly Scan[]) {
  let now = 0;
  return scans.map(({ text, gapMs, afterMs }) => {
    now += afterMs;
    const events = playScanner([...digits(text), "Enter"], now, gapMs);
    const startMs = now;
    now = Math.max(...events.map(({ atMs }) => atMs));
    return { text, events, startMs, endMs: now };
  });
}
/** Nobody presses a key that is still down: it goes up a little before it goes down again. */
function layStrokes(strokes: readonly Stroke[]) {
  let now = 0;
  return strokes.map(({ code, afterMs, holdMs }, index) => {
    now += afterMs;
    const next = strokes[index + 1];
    const upAfterMs = next?.code === code ? Math.min(holdMs, next.afterMs - 10) : holdMs;
    return { code, downMs: now, upMs: now + upAfterMs, events: tap(code, now, upAfterMs) };
  });
}

/** The same key at the same time on both keyboards: nobody can tell how often it was pressed. */
const isPressedByBoth = (
  { code, downMs, upMs }: { readonly code: string; readonly downMs: number; readonly upMs: number },
  scans: readonly { readonly events: readonly WedgeKey[] }[],
): boolean =>
  scans.some(({ events }) =>
    events.some((event) => event.code === code && event.atMs >= downMs && event.atMs <= upMs),
  );

test("any mixture of scans and a person typing: no scan is altered, no key of the person is lost or doubled", () => {
  fc.assert(
    fc.property(fc.array(scan, { maxLength: 8 }), fc.array(stroke, { maxLength: 30 }), (scans, strokes) => {
      const laid = layScans(scans);
      const typed = layStrokes(strokes);
      const events = [...laid, ...typed].flatMap((one) => one.events);
      const { readings, passed, mostHeld } = decodeKeys(events);

      const told = readings.flatMap((reading) => (reading.kind === "scan" ? [reading.data] : []));
      const undisturbed = laid.filter(
        ({ startMs, endMs }) => !typed.some(({ downMs, upMs }) => upMs > startMs - 40 && downMs < endMs + 40),
      );
      const texts = laid.map(({ text }) => text);
      expect(told.length).toBeLessThanOrEqual(texts.length);
      let from = 0;
      for (const data of told) {
        const place = texts.indexOf(data, from);
        expect(place, `${data} is no scan`).toBeGreaterThanOrEqual(from);
        from = place + 1;
      }
      for (const { text } of undisturbed) expect(told).toContain(text);
      const surplus = codes(passed);
      for (const { code } of typed.filter((one) => !isPressedByBoth(one, laid))) {
        expect(surplus, `${code} was swallowed`).toContain(code);
        surplus.splice(surplus.indexOf(code), 1);
      }
      // of a scan into which a person pressed the very same key, a piece may look typed
      if (undisturbed.length === laid.length) expect(surplus).toEqual([]);
      expect(mostHeld).toBeLessThan(200);
    }),
    { numRuns: 1500 },
  );
});

test("a person alone: every key in its order, whatever the speed of a person", () => {
  fc.assert(
    fc.property(fc.array(stroke, { maxLength: 40 }), (strokes) => {
      const typed = layStrokes(strokes);
      const { readings, passed } = decodeKeys(typed.flatMap(({ events }) => events));
      expect(codes(passed)).toEqual(typed.map(({ code }) => code));
      expect(readings).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("any keys at any speed: nothing piles up, nothing throws, no control character comes out", () => {
  const any = fc.record({
    code: fc.constantFrom(
      "KeyA",
      "Digit1",
      "Enter",
      "F8",
      "AltLeft",
      "Numpad2",
      "ShiftLeft",
      "BracketLeft",
      "Tab",
    ),
    afterMs: fc.integer({ min: 0, max: 60 }),
    holdMs: fc.integer({ min: 0, max: 100 }),
    change: fc.record({ shift: fc.boolean(), ctrl: fc.boolean(), alt: fc.boolean(), repeat: fc.boolean() }),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 200 }), (keys) => {
      let now = 0;
      const events = keys.flatMap(({ code, afterMs, holdMs, change }) => {
        now += afterMs;
        return tap(code, now, holdMs, change);
      });
      const { readings, mostHeld } = decodeKeys(events, { mostKeys: 32 });
      expect(mostHeld).toBeLessThanOrEqual(33);
      for (const reading of readings) {
        if (reading.kind === "scan") expect(reading.data).not.toMatch(/[\u0000-\u001c\u001e\u001f]/);
      }
    }),
    { numRuns: 500 },
  );
});
