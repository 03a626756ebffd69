import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { ready } from "zpl-renderer-js";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

export type ReadLabel = {
  /** Every barcode found; `aim` is the symbology identifier a scanner would send, e.g. `]C1`. */
  readonly barcodes: readonly { readonly text: string; readonly format: string; readonly aim: string }[];
  readonly png: Uint8Array;
};

const require = createRequire(import.meta.url);
/** Without its own bytes the decoder would fetch them from a CDN. */
export function prepareBarcodeReader(): void {
  const path = require.resolve("zxing-wasm/reader/zxing_reader.wasm");
  prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(readFileSync(path)).buffer } });
}
prepareBarcodeReader();

/**
 * Draws the first label of a ZPL job and reads its barcodes, with a renderer and a decoder that know nothing of our
 * encoder. Renderer's limits: its font has no Chinese, `^PQ` is ignored, and in `^BC` mode N
 * `>5` from subset B and a single last character after any `>` code come out wrong.
 */
export async function readLabel(
  zpl: Uint8Array,
  size: { widthMillimetres?: number; heightMillimetres?: number; dotsPerMillimetre?: 8 | 12 | 24 } = {},
): Promise<ReadLabel> {
  const { widthMillimetres = 100, heightMillimetres = 150, dotsPerMillimetre = 8 } = size;
  const { api } = await ready;
  const text = new TextDecoder().decode(zpl);
  const base64 = await api.zplToBase64Async(text, widthMillimetres, heightMillimetres, dotsPerMillimetre);
  const png = new Uint8Array(Buffer.from(base64, "base64"));
  const found = await readBarcodes(png, { tryHarder: true, maxNumberOfSymbols: 32 });
  return {
    png,
    barcodes: found.map((code) => ({ text: code.text, format: code.format, aim: code.symbologyIdentifier })),
  };
}
