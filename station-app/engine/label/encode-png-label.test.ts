import { crc32, deflateSync } from "node:zlib";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import { beforeAll, expect, test, vi } from "vitest";
import { type ReadLabel, readLabel } from "../../test/support/read-label.ts";
import { checkPng, maximumPngBytes } from "./check-png.ts";
import { composeHouseZpl } from "./compose-label.ts";
import { encodePngLabel } from "./encode-png-label.ts";

/** Rendering takes half a second on a quiet machine, much longer on a busy one. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const stock = { widthMillimetres: 100, heightMillimetres: 150, dotsPerInch: 203 } as const;
const trackingNumber = "JVGL0012345678";

/** A carrier's label as a picture: one of ours, drawn by the renderer. */
async function drawCarrierPng(dotsPerInch: 203 | 300, dotsPerMillimetre: 8 | 12): Promise<ReadLabel> {
  const consignee = { name: "张伟", street1: "Main 1", city: "Wien", postcode: "1010", country: "AT" };
  const zpl = composeHouseZpl({ consignee, channel: "X", trackingNumber, waybill: "W1" }, dotsPerInch);
  if (!zpl.ok) return expect.unreachable();
  return readLabel(new TextEncoder().encode(zpl.value), { dotsPerMillimetre });
}

async function redraw(png: Uint8Array, width: number, height: number, turned = false): Promise<Uint8Array> {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  if (turned) {
    context.translate(0, height);
    context.rotate(-Math.PI / 2);
  }
  context.drawImage(await loadImage(png), 0, 0);
  return canvas.toBuffer("image/png"); // transparent where nothing was drawn
}

async function readBack(png: Uint8Array) {
  const zpl = await encodePngLabel(png, stock);
  if (!zpl.ok) return expect.unreachable(String(zpl.failure.details.reason));
  const bytes = new TextEncoder().encode(zpl.value);
  const { barcodes } = await readLabel(bytes, { widthMillimetres: 102, heightMillimetres: 153 });
  return { zpl: zpl.value, barcodes };
}

let png: Uint8Array = new Uint8Array();
beforeAll(async () => {
  png = (await drawCarrierPng(203, 8)).png;
});
const code128 = { format: "Code128", text: trackingNumber, aim: "]C0" };

test("a picture of the label's size prints dot for dot", async () => {
  const { zpl, barcodes } = await readBack(png);
  expect(barcodes).toEqual([code128]);
  expect(zpl).toContain("^GFA,99900,99900,100,:Z64:");
});

test("a picture a few dots larger, with a transparent edge, is not resampled", async () => {
  const { zpl, barcodes } = await readBack(await redraw(png, 812, 1218));
  expect(barcodes).toEqual([code128]);
  expect(zpl).toContain(",102,:Z64:"); // 812 pixels wide, as it came
});

test("a picture of a 300 dpi label is made smaller and still scans", async () => {
  const drawn = await drawCarrierPng(300, 12);
  expect(drawn.barcodes).toEqual([code128]);
  const { zpl, barcodes } = await readBack(drawn.png);
  expect(barcodes).toEqual([code128]);
  expect(zpl).toContain(",100,:Z64:"); // 799 of 1200
});

test("a picture that lies across is turned upright", async () => {
  const { zpl, barcodes } = await readBack(await redraw(png, 1200, 800, true));
  expect(barcodes).toEqual([code128]);
  expect(zpl).toContain(",100,:Z64:");
});

test("damage anywhere in the file is found before it becomes white paper", async () => {
  for (let step = 1; step < 40; step++) {
    const cut = png.subarray(0, Math.floor((png.length * step) / 40));
    const flipped = Uint8Array.from(png);
    const at = Math.floor((png.length * step) / 40);
    flipped[at] = (flipped[at] ?? 0) ^ 0x10;
    for (const damaged of [cut, flipped]) {
      expect(await encodePngLabel(damaged, stock)).toMatchObject({
        ok: false,
        failure: { code: "label.invalid" },
      });
    }
  }
});

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
/** A PNG with correct checksums and whatever size, colour type and pixel bytes we claim. */
function forgePng(width: number, height: number, tail: readonly number[], pixels: Uint8Array): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set(tail, 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(pixels)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

test.each([
  ["too few rows", forgePng(8, 8, [8, 0, 0, 0, 0], new Uint8Array(8 * 9 - 1))],
  ["more than announced", forgePng(8, 8, [8, 0, 0, 0, 0], new Uint8Array(50_000_000))],
  ["too many pixels", forgePng(100_000, 100_000, [8, 0, 0, 0, 0], new Uint8Array(10))],
  ["no pixels", forgePng(0, 8, [8, 0, 0, 0, 0], new Uint8Array(0))],
  ["an unknown colour type", forgePng(8, 8, [8, 5, 0, 0, 0], new Uint8Array(72))],
  ["a JPEG", Buffer.from("ffd8ffe000104a464946", "hex")],
  ["nothing", new Uint8Array()],
  ["too many bytes", new Uint8Array(maximumPngBytes + 1)],
])("%s is refused", async (_, bytes) => {
  expect(await encodePngLabel(bytes, stock)).toMatchObject({ ok: false, failure: { code: "label.invalid" } });
});

test("interlaced and one-bit pictures are whole pictures too", () => {
  expect(checkPng(forgePng(9, 3, [1, 0, 0, 0, 0], new Uint8Array(3 * 3)))).toMatchObject({ ok: true });
  // Adam7 of 9 x 3: passes of 2x1, 1x1, 3x0 (none), 2x1, 5x1, 4x2 and 9x1, one filter byte per row.
  expect(checkPng(forgePng(9, 3, [8, 0, 0, 0, 1], new Uint8Array(3 + 2 + 3 + 6 + 10 + 10)))).toMatchObject({
    ok: true,
  });
});
