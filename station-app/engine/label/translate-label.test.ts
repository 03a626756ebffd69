import { encodeText } from "@waystation/drivers/kit/text";
import { expect, test, vi } from "vitest";
import { readBarcodes } from "zxing-wasm/reader";
import { createCanvas } from "@napi-rs/canvas";
import { prepareBarcodeReader } from "../../test/support/read-label.ts";
import { composeLabel } from "./compose-label.ts";

vi.setConfig({ testTimeout: 60_000 });
prepareBarcodeReader();

const fields = {
  consignee: { name: "张伟", street1: "Hauptstr. 1", city: "Berlin", postcode: "10115", country: "DE" },
  channel: "PKT",
  trackingNumber: "RB123456785GB",
  waybill: "WS0000000001",
} as const;

/** TSPL: BITMAP x,y,bytes,rows,mode,data with 0 = black; read by hand, not by our encoder. */
function readTsplPicture(bytes: Uint8Array) {
  const text = Buffer.from(bytes).toString("latin1");
  const match = /^CLS\r\nBITMAP 0,0,(\d+),(\d+),0,/.exec(text);
  if (match === null) return expect.unreachable(text.slice(0, 60));
  const [stride, height] = [Number(match[1]), Number(match[2])];
  const data = bytes.subarray(match[0].length, match[0].length + stride * height);
  expect(Buffer.from(bytes.subarray(match[0].length + stride * height)).toString()).toBe("\r\nPRINT 1\r\n");
  const canvas = createCanvas(stride * 8, height);
  const context = canvas.getContext("2d");
  const image = context.createImageData(stride * 8, height);
  data.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit += 1) {
      const isBlack = (byte & (0x80 >> bit)) === 0;
      image.data.set(isBlack ? [0, 0, 0, 255] : [255, 255, 255, 255], (at * 8 + bit) * 4);
    }
  });
  context.putImageData(image, 0, 0);
  return canvas.toBuffer("image/png");
}

test("a house label on a TSPL printer is a picture whose barcode reads as before", async () => {
  const label = await composeLabel({ kind: "house", fields }, { orderId: "o", language: "tspl" });
  if (!label.ok) return expect.unreachable(label.failure.code);
  const found = await readBarcodes(new Uint8Array(readTsplPicture(label.value.bytes)), { tryHarder: true });
  expect(found.map(({ text }) => text)).toContain("RB123456785GB");
});

test.each(["epl", "cpcl", "escpos"] as const)("and for %s it is bytes of that language", async (language) => {
  const zpl = encodeText("^XA^FO50,50^BY3^BCN,200^FDABC123^FS^XZ");
  const label = await composeLabel({ kind: "zpl", bytes: zpl }, { orderId: "o", language });
  if (!label.ok) return expect.unreachable(label.failure.code);
  const starts = { epl: "\r\nN\r\nGW0,0,", cpcl: "! 0 200 200 ", escpos: "\u001b@\u001dv0" }[language];
  expect(Buffer.from(label.value.bytes).toString("latin1").startsWith(starts)).toBe(true);
});

test("several labels in one job are no single picture", async () => {
  const zpl = encodeText("^XA^FO5,5^FDa^FS^XZ^XA^FO5,5^FDb^FS^XZ");
  const label = await composeLabel({ kind: "zpl", bytes: zpl }, { orderId: "o", language: "tspl" });
  expect(label).toMatchObject({ ok: false, failure: { code: "label.invalid" } });
});
