import { readFileSync } from "node:fs";
import { createCanvas, loadImage } from "@napi-rs/canvas";
import type { Order } from "@waystation/shared/model/order";
import { expect, test } from "vitest";
import { readLabel } from "../support/read-label.ts";
import {
  benchLane,
  devices,
  hashOf,
  onStation,
  type OrderPlan,
  planOrder,
  readPrinter,
  untilEnded,
  waybillOf,
} from "./station-under-test.ts";

const { scanner, scale, printer } = devices;
const carrierLabel = readFileSync(new URL("../../../fixtures/labels/ups.zpl", import.meta.url));
const house = (number: number, consignee: Partial<Order["consignee"]>): OrderPlan => {
  const { order } = planOrder(number);
  return { order: { ...order, consignee: { ...order.consignee, ...consignee } }, label: { kind: "house" } };
};
const orders = [
  { ...planOrder(1), label: { kind: "zpl", base64: carrierLabel.toString("base64") } },
  house(2, { name: "王小明", street1: "中山路一段100號" }),
  house(3, { name: "محمد الأحمد" }),
] as const;

/** Texts the printer draws by itself; `_xx` is a byte in hexadecimal. */
const textsOf = (zpl: string): string[] =>
  [...zpl.matchAll(/\^FD(.*?)\^FS/gs)].map(([, text = ""]) =>
    text.replaceAll(/_([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
  );

/** Lines drawn as images: where they begin, in dots, and how wide they are. */
const imagesOf = (zpl: string) =>
  [...zpl.matchAll(/\^FO(\d+),(\d+)\^GFA,\d+,\d+,(\d+)/g)].map(([, x, y, rowBytes]) => ({
    x: Number(x),
    y: Number(y),
    width: 8 * Number(rowBytes),
  }));

async function countInk(
  png: Uint8Array,
  { x, y, width }: { x: number; y: number; width: number },
  height: number,
): Promise<number> {
  const drawing = createCanvas(800, 1200).getContext("2d");
  drawing.drawImage(await loadImage(png), 0, 0);
  const { data } = drawing.getImageData(x, y, width, height);
  return data.filter((value, at) => at % 4 === 0 && value < 128).length;
}

test(
  "the printer gets a carrier's label byte for byte, and our own says what the order says",
  { timeout: 120_000 },
  () =>
    onStation({ devices: { scanner, scale, printer }, lanes: [benchLane], orders }, async (station) => {
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      for (const number of [1, 2, 3]) {
        await station.tell("scanner", "scan", { data: waybillOf(number) });
        expect((await untilEnded(station, "bench", waybillOf(number))).outcome).toBe("accepted");
      }
      const { jobs } = await readPrinter(station.twins.printer);
      expect(jobs).toHaveLength(3);
      expect(jobs[0]).toEqual({ sha256: hashOf(carrierLabel), bytes: carrierLabel.length });

      for (const [number, lines] of [
        [1, 2],
        [2, 1],
      ] as const) {
        const { order } = orders[number];
        const bytes = Buffer.from(
          String((await station.tell("printer", "job", { number })).base64),
          "base64",
        );
        const zpl = bytes.toString("utf8");
        const { png, barcodes } = await readLabel(bytes);
        expect(barcodes).toEqual([{ text: order.trackingNumber, format: "Code128", aim: "]C0" }]);
        const place = `${order.consignee.postcode} ${order.consignee.city}`;
        expect(textsOf(zpl)).toEqual(
          expect.arrayContaining([
            order.channelCode,
            order.consignee.country,
            order.waybill,
            "0.205 kg",
            place,
          ]),
        );
        // What no printer's font has is drawn: line by line, below one another, and neither empty nor a black box.
        const images = imagesOf(zpl);
        expect(images).toHaveLength(lines);
        for (const image of images) {
          const ink = await countInk(png, image, 60);
          expect(ink).toBeGreaterThan(300);
          expect(ink).toBeLessThan(image.width * 60 * 0.5);
        }
      }
    }),
);
