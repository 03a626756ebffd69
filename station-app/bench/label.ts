import { deflateSync } from "node:zlib";
import { createCanvas } from "@napi-rs/canvas";
import { composeHouseLabel, type HouseLabelInput } from "@waystation/shared/label/house-label";
import type { Bitmap } from "@waystation/shared/label/label-document";
import { encodeZpl } from "@waystation/shared/label/zpl";
import { thresholdImage } from "../engine/label/bitmap.ts";
import { composeLabel } from "../engine/label/compose-label.ts";
import { encodeImage } from "../engine/label/encode-image.ts";
import { encodePngLabel } from "../engine/label/encode-png-label.ts";
import zplImage from "zpl-image";
import { printPairs, printValue } from "./statistics.ts";

/** Prints one JSON line per measurement: CPU milliseconds, the best of several runs, against a stated limit. */
const rounds = 9;

async function measure(work: () => unknown, repeats: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round <= rounds; round++) {
    const start = process.cpuUsage();
    for (let repeat = 0; repeat < repeats; repeat++) await work();
    const { user, system } = process.cpuUsage(start);
    if (round > 0) best = Math.min(best, (user + system) / 1000 / repeats); // round 0 warms up
  }
  return best;
}

/** A value with a limit of its own run, or one that only explains another. */
function report(name: string, value: number, limit: number | null): void {
  if (limit === null) printValue(name, "ms", [value]);
  else printPairs(name, "ms", [{ value, limit }], 1.3);
}

const consignee = {
  name: "Zoë Müller",
  street1: "Hauptstraße 1",
  city: "Wien",
  postcode: "1010",
  country: "AT",
};
const latin: HouseLabelInput = {
  consignee,
  channel: "AT-STD",
  trackingNumber: "RB123456785AT",
  waybill: "W1",
};
const chinese = {
  ...latin,
  consignee: { ...consignee, name: "张伟", street1: "朝阳区建国路88号SOHO现代城", city: "北京市" },
};

/** A full page at 203 dpi with about a seventh of it black, as carriers' labels have. */
function drawPage() {
  const canvas = createCanvas(812, 1218);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 812, 1218);
  context.fillStyle = "#000";
  for (let bar = 0; bar < 70; bar++) context.fillRect(40 + bar * 10, 600, 2 + (bar % 3) * 2, 300);
  context.font = "30px sans-serif";
  for (let line = 0; line < 16; line++)
    context.fillText("Sample label text 0123456789 ABCDEFGHIJ", 20, 40 + line * 34);
  const png = canvas.toBuffer("image/png");
  return { png, rgba: context.getImageData(0, 0, 812, 1218).data };
}

const page = drawPage();
const pixels = { widthPixels: 812, heightPixels: 1218, rgba: page.rgba };
const bitmap: Bitmap = thresholdImage(pixels);
const stock = { widthMillimetres: 100, heightMillimetres: 150, dotsPerInch: 203 } as const;

report(
  "label.house.text",
  await measure(() => {
    const label = composeHouseLabel(latin);
    return label.ok && encodeZpl(label.value, encodeImage);
  }, 200),
  null,
);
report(
  "label.house.chinese",
  await measure(() => composeLabel({ kind: "house", fields: chinese }, { orderId: "o" }), 20),
  null,
);
const threshold = await measure(() => thresholdImage(pixels), 5);
const deflate = await measure(() => deflateSync(bitmap.rows), 5);
report("label.image.threshold", threshold, null);
report("label.image.deflate6", deflate, null);
report(
  "label.image.encode",
  threshold + (await measure(() => encodeImage(bitmap), 5)),
  Number((threshold + deflate).toFixed(3)),
);
// the library that writes Z64 otherwise, with everything that keeps its faults away
report(
  "label.image.zpl-image",
  await measure(() => zplImage.rgbaToZ64(new Uint8Array(page.rgba), 812, { black: 50, notrim: true }), 5),
  null,
);
report("label.png", await measure(() => encodePngLabel(page.png, stock), 5), null);
