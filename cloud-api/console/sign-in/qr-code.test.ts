import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";
import { encodeQr, type QrModules } from "./qr-code.ts";

// Without its own bytes the decoder would fetch them from elsewhere.
const wasm = readFileSync(createRequire(import.meta.url).resolve("zxing-wasm/reader/zxing_reader.wasm"));
prepareZXingModule({ overrides: { wasmBinary: new Uint8Array(wasm).buffer } });

const scale = 4;
const quiet = 4;

/** As a camera would see it. */
function paint(modules: QrModules): ImageData {
  const width = (modules.length + 2 * quiet) * scale;
  const data = new Uint8ClampedArray(width * width * 4).fill(255);
  for (let y = 0; y < width; y += 1)
    for (let x = 0; x < width; x += 1) {
      const isDark = modules[Math.floor(y / scale) - quiet]?.[Math.floor(x / scale) - quiet] === true;
      if (isDark) data.fill(0, (y * width + x) * 4, (y * width + x) * 4 + 3);
    }
  return { data, width, height: width, colorSpace: "srgb" } as ImageData;
}

test("another program reads every text back, from one byte to the longest, versions 1 to 13", async () => {
  const sizes = new Set<number>();
  for (const length of [1, 14, 15, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331]) {
    const text = Array.from({ length }, (_, index) =>
      String.fromCharCode(33 + ((index * 7 + length) % 90)),
    ).join("");
    const modules = encodeQr(text);
    expect(modules, String(length)).not.toBeNull();
    if (modules === null) continue;
    sizes.add(modules.length);
    const [read] = await readBarcodes(paint(modules), { formats: ["QRCode"] });
    expect(read?.text, String(length)).toBe(text);
  }
  expect([...sizes]).toEqual(Array.from({ length: 13 }, (_, index) => 21 + 4 * index));
});

test("what does not fit is refused, and other letters than ours are kept", async () => {
  expect(encodeQr("x".repeat(332))).toBeNull();
  const [read] = await readBarcodes(paint(encodeQr("otpauth://totp/仓库:李%20明?secret=ABC") ?? []), {
    formats: ["QRCode"],
  });
  expect(read?.text).toBe("otpauth://totp/仓库:李%20明?secret=ABC");
});
