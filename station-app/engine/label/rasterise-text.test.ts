import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Bitmap } from "@waystation/shared/label/label-document";
import { expect, test } from "vitest";
import { covers, readFontCoverage } from "./font-coverage.ts";
import { rasteriseText } from "./rasterise-text.ts";

const size = { heightDots: 40, maximumWidthDots: 700 };
const draw = (text: string, limits = size): Bitmap => {
  const bitmap = rasteriseText(text, limits);
  return bitmap.ok ? bitmap.value : expect.unreachable(String(bitmap.failure.details.reason));
};

/** The columns that have ink, as runs of consecutive ones: the separate shapes of a line. */
function inkRuns({ widthPixels, heightPixels, rows }: Bitmap): { first: number; last: number }[] {
  const rowBytes = Math.ceil(widthPixels / 8);
  const runs: { first: number; last: number }[] = [];
  for (let x = 0; x < widthPixels; x++) {
    const inked = Array.from({ length: heightPixels }, (_, y) => rows[y * rowBytes + (x >> 3)] ?? 0).some(
      (byte) => (byte & (0x80 >> (x & 7))) !== 0,
    );
    const last = runs.at(-1);
    if (inked && last?.last === x - 1) last.last = x;
    else if (inked) runs.push({ first: x, last: x });
  }
  return runs;
}
const inkPixels = ({ rows }: Bitmap): number =>
  rows.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);

test("Chinese is drawn, one square per character", () => {
  const bitmap = draw("张伟");
  expect(bitmap.heightPixels).toBe(50);
  expect(bitmap.widthPixels).toBeGreaterThanOrEqual(79);
  expect(bitmap.widthPixels).toBeLessThanOrEqual(84);
  expect(inkPixels(bitmap)).toBeGreaterThan(500);
  expect(inkPixels(draw("龍"))).toBeGreaterThan(inkPixels(draw("一")) * 2);
});

test("Arabic letters join", () => {
  // Alone, three shapes; in a word the letters of this name join into one.
  expect(inkRuns(draw("ب ي ت")).length).toBe(3);
  expect(inkRuns(draw("بيت")).length).toBe(1);
});

test("an Arabic line begins at its right, a Latin one at its left", () => {
  const [first, second] = [inkRuns(draw("محمد iiii")), inkRuns(draw("iiii محمد"))];
  const width = (run: { first: number; last: number } | undefined): number =>
    run ? run.last - run.first : 0;
  expect(width(first.at(-1))).toBeGreaterThan(40); // the name, joined, on the right; the i's on its left
  expect(width(first[0])).toBeLessThan(10);
  expect(width(second.at(-1))).toBeGreaterThan(40);
  const number = inkRuns(draw("محمد 1"));
  expect(width(number[0])).toBeLessThan(20); // what is read last stands leftmost
});

test("mixed scripts share a line, and a line too wide is drawn smaller, never cut", () => {
  const mixed = draw("张伟 Zhāng محمد 12号");
  expect(mixed.widthPixels).toBeGreaterThan(300);
  const narrow = draw("张伟 Zhāng محمد 12号", { heightDots: 40, maximumWidthDots: 200 });
  expect(narrow.widthPixels).toBeLessThanOrEqual(200);
  expect(narrow.heightPixels).toBe(50);
  expect(inkRuns(narrow).at(-1)?.last).toBeLessThan(200);
});

test("a letter without a glyph is a failure, a symbol becomes a box, marks without ink vanish", () => {
  expect(rasteriseText("서울", size)).toMatchObject({
    ok: false,
    failure: { code: "label.invalid", details: { reason: "no font of this station has the letter U+C11C" } },
  });
  expect(draw("张🌸")).toEqual(draw("张□"));
  expect(draw("张\ufe0f\u0007")).toEqual(draw("张"));
});

test("the same text gives the same pixels, and nothing at all is still a bitmap", () => {
  expect(draw("广州 Гуанчжоу")).toEqual(draw("广州 Гуанчжоу"));
  expect(draw("")).toMatchObject({ widthPixels: 1, heightPixels: 50 });
});

test("a font's coverage is read from both kinds of table", () => {
  const require = createRequire(import.meta.url);
  const read = (source: string, name: string) =>
    readFontCoverage(readFileSync(join(dirname(require.resolve(source)), "..", "fonts", name)));
  const arabic = read("@embedpdf/fonts-arabic", "NotoNaskhArabic-Bold.ttf"); // format 4
  const han = read("@embedpdf/fonts-sc", "NotoSansHans-Medium.otf"); // format 12
  const has = (coverage: typeof han, text: string): boolean[] =>
    [...text].map((char) => covers(coverage, char.codePointAt(0) ?? 0));
  expect(has(arabic, "مa张\uffff")).toEqual([true, false, false, false]);
  expect(has(han, "张臺かm서")).toEqual([true, true, true, true, false]);
});
