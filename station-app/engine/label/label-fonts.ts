import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GlobalFonts } from "@napi-rs/canvas";
import { assert } from "@waystation/shared/failures/assert";
import { covers, readFontCoverage } from "./font-coverage.ts";

const require = createRequire(import.meta.url);

/** In the order in which a character looks for its glyph: digits and Latin in a Chinese line stay Latin. */
const bundledFonts = [
  { family: "Waystation Latin", package: "@embedpdf/fonts-latin", name: "NotoSans-SemiBold.ttf" },
  { family: "Waystation Arabic", package: "@embedpdf/fonts-arabic", name: "NotoNaskhArabic-Bold.ttf" },
  { family: "Waystation Han", package: "@embedpdf/fonts-sc", name: "NotoSansHans-Medium.otf" },
];

export type LabelFonts = {
  /** A CSS family list. */
  readonly families: string;
  readonly hasGlyph: (codePoint: number) => boolean;
};

let loaded: LabelFonts | undefined;

/** The fonts that come with the product, registered once per process; the machine's own are never relied on. */
export function loadLabelFonts(): LabelFonts {
  loaded ??= registerFonts();
  return loaded;
}

function registerFonts(): LabelFonts {
  const coverages = bundledFonts.map(({ family, package: source, name }) => {
    const path = join(dirname(require.resolve(source)), "..", "fonts", name);
    assert(GlobalFonts.registerFromPath(path, family) !== null, `cannot load ${name}`);
    return readFontCoverage(readFileSync(path));
  });
  return {
    families: bundledFonts.map(({ family }) => `"${family}"`).join(","),
    hasGlyph: (codePoint) => coverages.some((coverage) => covers(coverage, codePoint)),
  };
}
