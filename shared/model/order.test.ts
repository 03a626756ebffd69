import { expect, test } from "vitest";
import { baseOrder } from "../decision/decision.test-support.ts";
import { orderSchema, shipmentSchema } from "./order.ts";

const isOrder = (changes: Record<string, unknown>): boolean =>
  orderSchema.safeParse({ ...baseOrder, ...changes }).success;
const item = baseOrder.items[0];

test("an order is kept as it is, without what it does not name", () => {
  expect(orderSchema.parse({ ...baseOrder, colour: "red" })).toEqual(baseOrder);
  expect(orderSchema.parse({ ...baseOrder, waybill: "  WS1 " }).waybill).toBe("WS1");
});

test.each<[string, Record<string, unknown>, boolean]>([
  ["the least weight", { declaredWeightGrams: 1 }, true],
  ["no weight", { declaredWeightGrams: 0 }, false],
  ["a ton", { declaredWeightGrams: 1_000_000 }, true],
  ["over a ton", { declaredWeightGrams: 1_000_001 }, false],
  ["part of a gram", { declaredWeightGrams: 200.5 }, false],
  ["a weight as text", { declaredWeightGrams: "200" }, false],
  ["no declared size", { declaredSize: undefined }, true],
  [
    "a flat size",
    { declaredSize: { lengthMillimetres: 1, widthMillimetres: 1, heightMillimetres: 0 } },
    false,
  ],
  ["a blank waybill", { waybill: "   " }, false],
  ["a waybill of 64", { waybill: "W".repeat(64) }, true],
  ["a waybill of 65", { waybill: "W".repeat(65) }, false],
  ["an unheard-of status", { status: "lost" }, false],
  ["a country in small letters", { consignee: { ...baseOrder.consignee, country: "de" } }, false],
  ["no items", { items: [] }, false],
  ["51 items", { items: Array.from({ length: 51 }, () => item) }, false],
  ["a value below nothing", { items: [{ ...item, valueMinor: -1 }] }, false],
  ["a currency of two letters", { items: [{ ...item, currency: "EU" }] }, false],
  ["a short HS code", { items: [{ ...item, hsCode: "61091" }] }, false],
  ["an HS code of six", { items: [{ ...item, hsCode: "610910" }] }, true],
])("an order with %s", (_what, changes, isGood) => {
  expect(isOrder(changes)).toBe(isGood);
});

test.each([
  [{ kind: "house" }, true],
  [{ kind: "missing" }, true],
  [{ kind: "zpl", base64: "XlhBXlha" }, true],
  [{ kind: "zpl" }, false],
  [{ kind: "png", base64: "not base64!" }, false],
  [{ kind: "pdf", base64: "XlhB" }, false],
])("a shipment whose label is %o", (label, isGood) => {
  expect(shipmentSchema.safeParse({ orderId: "order-1", label }).success).toBe(isGood);
});
