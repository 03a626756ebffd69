import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { HouseLabelInput } from "@waystation/shared/label/house-label";
import type { LabelElement } from "@waystation/shared/label/label-document";
import { lintZpl } from "@waystation/shared/label/lint";
import { encodeZpl } from "@waystation/shared/label/zpl";
import { expect, test, vi } from "vitest";
import { readLabel } from "../../test/support/read-label.ts";
import { composeLabel } from "./compose-label.ts";
import type { ComposedLabel } from "./composed-label.ts";
import { encodeImage } from "./encode-image.ts";

/** Rendering takes half a second on a quiet machine, much longer on a busy one. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const context = { orderId: "order-1" };
const latin: HouseLabelInput = {
  consignee: { name: "Zoë Müller", street1: "Hauptstraße 1", city: "Győr", postcode: "9021", country: "HU" },
  channel: "HU-STD",
  trackingNumber: "RB123456785GB",
  waybill: "YT2612345678901234",
  weightGrams: 752,
  sortHint: "A-12",
};
const withName = (name: string): HouseLabelInput => ({ ...latin, consignee: { ...latin.consignee, name } });

async function compose(fields: HouseLabelInput): Promise<ComposedLabel> {
  const label = await composeLabel({ kind: "house", fields }, context);
  return label.ok ? label.value : expect.unreachable(String(label.failure.details.reason));
}

/** Dark pixels of a rendered label inside a rectangle given in dots. */
async function countInk(
  png: Uint8Array,
  x: number,
  y: number,
  width: number,
  height: number,
): Promise<number> {
  const drawing = createCanvas(800, 1200).getContext("2d");
  drawing.drawImage(await loadImage(png), 0, 0);
  const { data } = drawing.getImageData(x, y, width, height);
  let ink = 0;
  for (let at = 0; at < data.length; at += 4) if ((data[at] ?? 255) < 128) ink++;
  return ink;
}

test("what the house label encodes is what a scanner reads, and hostile names are only text", async () => {
  const { bytes, format, labels } = await compose(withName('^FS^XZ~JR^XA\r\n! U1 do "device.reset" ""'));
  expect({ format, labels }).toEqual({ format: "house", labels: 1 });
  expect(lintZpl(bytes)).toEqual({ refusals: [], warnings: [], labels: 1 });
  expect((await readLabel(bytes)).barcodes).toEqual([
    { text: latin.trackingNumber, format: "Code128", aim: "]C0" },
  ]);
});

test("every kind of barcode scans, whatever its data", async () => {
  const numbers = [
    "9205590303190000000000",
    "JJD000390007881234567",
    "008182709980000020033350276C",
    "A>B^C~D_E\\F!{}",
  ];
  const matrix = "x~1_1^FS\\&{é}张\n#";
  const elements: LabelElement[] = numbers.map((data, index) => {
    return { kind: "code128", data, xDots: 60, yDots: 30 + 150 * index, heightDots: 80, moduleDots: 2 };
  });
  const zip = [
    { identifier: "420", value: "90210" },
    { identifier: "92", value: "05512345678" },
  ];
  elements.push({ kind: "gs1-128", data: zip, xDots: 60, yDots: 630, heightDots: 80, moduleDots: 2 });
  elements.push({ kind: "qr", data: matrix, xDots: 60, yDots: 800, moduleDots: 6 });
  elements.push({ kind: "datamatrix", data: "x~1_1^FS\\&{é}\n#", xDots: 450, yDots: 800, moduleDots: 8 });
  const zpl = encodeZpl(
    { widthMillimetres: 100, heightMillimetres: 150, dotsPerInch: 203, elements },
    encodeImage,
  );
  if (!zpl.ok) return expect.unreachable();
  const { barcodes } = await readLabel(new TextEncoder().encode(zpl.value));
  const found = barcodes.map(({ aim, text }) => `${aim} ${text}`).sort();
  expect(found).toEqual(
    [
      ...numbers.map((number) => `]C0 ${number}`),
      "]C1 (420)90210(92)05512345678",
      `]Q1 ${matrix}`,
      "]d1 x~1_1^FS\\&{é}\n#",
    ].sort(),
  );
});

test("Chinese, Arabic and Cyrillic lines are black on the paper where they belong", async () => {
  const scripts = { name: "张伟", company: "王小明 臺灣", street1: "محمد الأحمد", city: "Москва" };
  const { bytes } = await compose({ ...latin, consignee: { ...latin.consignee, ...scripts } });
  const origins = [...new TextDecoder().decode(bytes).matchAll(/\^FO32,(\d+)\^GFA,\d+,\d+,(\d+)/g)];
  expect(origins.map(([, y]) => y)).toEqual(["216", "276", "336", "396"]);
  const { png, barcodes } = await readLabel(bytes);
  for (const [, y, rowBytes] of origins) {
    const drawn = await countInk(png, 32, Number(y), Number(rowBytes) * 8, 60);
    expect(drawn).toBeGreaterThan(600);
    expect(drawn).toBeLessThan(Number(rowBytes) * 8 * 60 * 0.5);
  }
  expect(barcodes).toHaveLength(1);
});

test("the printer draws what it can by itself", async () => {
  expect(new TextDecoder().decode((await compose(latin)).bytes)).not.toContain("^GF");
});

test("the longest lines stay on the paper", async () => {
  const consignee = {
    ...latin.consignee,
    name: "W".repeat(120),
    company: "M".repeat(120),
    street1: "@".repeat(200),
  };
  const { bytes } = await compose({ ...latin, consignee, channel: "W".repeat(40), waybill: "M".repeat(64) });
  const { png } = await readLabel(bytes);
  expect(await countInk(png, 0, 0, 24, 1200)).toBe(0);
  expect(await countInk(png, 776, 0, 24, 1200)).toBe(0);
});

const folder = new URL("../../../fixtures/labels/", import.meta.url);
const carriers = readdirSync(folder).filter((name) => name.endsWith(".zpl"));
const expectedLabels: Readonly<Record<string, number>> = { "pnldpd.zpl": 2 };

test.each(carriers)("%s goes through unchanged", async (name) => {
  const bytes = readFileSync(new URL(name, folder));
  const before = createHash("sha256").update(bytes).digest("hex");
  const label = await composeLabel({ kind: "zpl", bytes }, context);
  if (!label.ok) return expect.unreachable(String(label.failure.details.reason));
  expect(createHash("sha256").update(label.value.bytes).digest("hex")).toBe(before);
  expect(label.value).toMatchObject({ format: "zpl-carrier", labels: expectedLabels[name] ?? 1 });
});

test("carriers' labels that change the printer are known", () => {
  const warned = carriers.filter((name) => lintZpl(readFileSync(new URL(name, folder))).warnings.length > 0);
  expect(warned).toEqual(["glscz.zpl", "pnldpd.zpl", "ups.zpl", "usps.zpl"]);
});

test("a carrier's real label is read back", async () => {
  const { barcodes } = await readLabel(readFileSync(new URL("usps.zpl", folder)), { heightMillimetres: 153 });
  expect(barcodes).toContainEqual({
    text: "(420)98028(92)05590303190000000000",
    format: "Code128",
    aim: "]C1",
  });
});

test("a carrier's label that would harm the printer, and a damaged picture, name the order", async () => {
  const zpl = new TextEncoder().encode("^XA^FO1,1^FDx^FS^JUF^XZ");
  expect(await composeLabel({ kind: "zpl", bytes: zpl }, context)).toMatchObject({
    ok: false,
    failure: {
      code: "label.invalid",
      details: {
        orderId: "order-1",
        reason: "^JUF is not allowed in a label (byte 16 of the carrier's label)",
      },
    },
  });
  expect(await composeLabel({ kind: "png", bytes: Uint8Array.of(1, 2, 3) }, context)).toMatchObject({
    ok: false,
    failure: { code: "label.invalid", details: { orderId: "order-1", reason: "it is not a PNG" } },
  });
});

test("a carrier's picture becomes one label", async () => {
  const bytes = createCanvas(800, 1200).toBuffer("image/png");
  const label = await composeLabel({ kind: "png", bytes }, context);
  if (!label.ok) return expect.unreachable();
  expect(label.value).toMatchObject({ format: "png-carrier", labels: 1 });
  expect(lintZpl(label.value.bytes)).toEqual({ refusals: [], warnings: [], labels: 1 });
});
