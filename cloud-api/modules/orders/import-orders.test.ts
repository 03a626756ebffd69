import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import iconv from "iconv-lite";
import { expect, test } from "vitest";
import type { ImportReply } from "@waystation/shared/wire/cloud-http";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { orderSchema, shipmentSchema } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import { asAdmin, describeOnEachDatabase, ourOrders, type TestCloud } from "../../test-support/test-cloud.ts";
import { formatOrdersCsv, generateOrders } from "./generate-orders.ts";
import { type ImportOptions, importOrders } from "./import-orders.ts";

const samples = new URL("../../../fixtures/orders/", import.meta.url);

async function* inPieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function importText(
  cloud: TestCloud,
  text: string | Uint8Array,
  options: Omit<ImportOptions, "owner"> = { format: "csv" },
): Promise<ImportReply> {
  const source = inPieces(typeof text === "string" ? Buffer.from(text) : text);
  const reply = await importOrders(source, { ...options, owner: ourOrders }, { database: cloud.database });
  if (!reply.ok) throw new Error(JSON.stringify(reply.failure));
  return reply.value;
}

async function readOrder(cloud: TestCloud, orderId: string) {
  const { kysely } = cloud.database;
  const order = await kysely
    .selectFrom("orders")
    .selectAll()
    .where("order_id", "=", orderId)
    .executeTakeFirstOrThrow();
  const shipment = await kysely
    .selectFrom("shipments")
    .selectAll()
    .where("order_id", "=", orderId)
    .executeTakeFirstOrThrow();
  const release = await kysely
    .selectFrom("releases")
    .selectAll()
    .where("order_id", "=", orderId)
    .executeTakeFirstOrThrow();
  const identifiers = await kysely
    .selectFrom("order_identifiers")
    .select("identifier")
    .where("order_id", "=", orderId)
    .execute();
  return {
    order: orderSchema.parse(JSON.parse(order.body)),
    shipment: shipmentSchema.parse(JSON.parse(shipment.body)),
    row: order,
    shipmentRow: shipment,
    release,
    identifiers: identifiers.map((row) => row.identifier),
  };
}

const header =
  "order id,waybill,channel,weight g,recipient name,address,city,postcode,country,item,quantity,unit value,currency";
const line = (id: string, more: Record<string, string> = {}): string =>
  [
    id,
    more.waybill ?? `WB-${id}`,
    "EU-POST",
    more.weight ?? "500",
    more.name ?? "Ann",
    "Road 1",
    "Town",
    more.postcode ?? "01067",
    more.country ?? "DE",
    "Cotton shirt",
    more.quantity ?? "1",
    more.value ?? "3.50",
    "EUR",
  ].join(",");

describeOnEachDatabase("order import", (open) => {
  test("the sample file goes in whole, once", async () => {
    const cloud = open();
    const read = () =>
      importOrders(
        createReadStream(new URL("sample-orders.csv", samples)),
        { format: "csv", owner: ourOrders },
        { database: cloud.database },
      );
    expect(await read()).toEqual({
      ok: true,
      value: { read: 300, imported: 300, unchanged: 0, rejected: [], rejectedCount: 0 },
    });
    expect(await read()).toEqual({
      ok: true,
      value: { read: 300, imported: 0, unchanged: 300, rejected: [], rejectedCount: 0 },
    });
  });

  test("a released order is whole: parts, their hash, and the keys a scan is looked up by", async () => {
    const cloud = open();
    await importText(
      cloud,
      `${header},tracking number,reference\n${line("whole", { waybill: "1234567890123456789" })},LX473124829NL,0042\n`,
    );
    const { order, shipment, row, shipmentRow, release, identifiers } = await readOrder(cloud, "whole");
    expect(order).toMatchObject({
      waybill: "1234567890123456789",
      reference: "0042",
      status: "ready",
      declaredWeightGrams: 500,
      consignee: { postcode: "01067", country: "DE" },
    });
    expect(order.items).toEqual([
      { description: "Cotton shirt", quantity: 1, valueMinor: 350, currency: "EUR" },
    ]);
    expect(shipment.label).toEqual({ kind: "house" });
    expect(release).toMatchObject({
      revision: 1,
      parts_hash: createHash("sha256").update(releaseText(row.body, shipmentRow.body)).digest("hex"),
    });
    for (const scanned of ["1234567890123456789", "LX473124829NL", "lx473124829nl"])
      expect(identifiers).toContain(identifiersFor(scanned)[0]);
  });

  test("changed content raises the revision, equal content does not, and a cancelled order stays cancelled", async () => {
    const cloud = open();
    await importText(cloud, `${header}\n${line("rev")}`);
    expect(await importText(cloud, `${header}\n${line("rev", { weight: "501" })}`)).toMatchObject({
      imported: 1,
      unchanged: 0,
    });
    expect((await readOrder(cloud, "rev")).release.revision).toBe(2);

    const cancel = () => cloud.app.request("/v1/orders/rev/cancel", { method: "POST", headers: asAdmin });
    expect(await (await cancel()).json()).toEqual({ revision: 3 });
    expect(await (await cancel()).json()).toEqual({ revision: 3 });
    expect(await importText(cloud, `${header}\n${line("rev", { weight: "501" })}`)).toMatchObject({
      imported: 0,
      unchanged: 1,
    });
    const { order, row, release } = await readOrder(cloud, "rev");
    expect([order.status, row.status, row.revision, release.revision]).toEqual([
      "cancelled",
      "cancelled",
      3,
      3,
    ]);
    expect(
      (await cloud.app.request("/v1/orders/nothing/cancel", { method: "POST", headers: asAdmin })).status,
    ).toBe(404);
    expect((await cloud.app.request("/v1/orders/rev/cancel", { method: "POST" })).status).toBe(401);
  });

  test("a bad row is named by its line and the good ones go in", async () => {
    const cloud = open();
    const text = [
      header,
      line("good-1", { name: '"Ann\r\n""the"" Boss, jr."' }),
      line("bad-weight", { weight: "heavy" }),
      "",
      line("bad-country", { country: "Atlantis" }),
      line("good-2", { country: "Germany" }),
      line("taken", { waybill: "WB-good-1" }),
      line("x".repeat(65)),
      line("nul", { name: "A\u0000B" }),
    ].join("\r\n");
    const reply = await importText(cloud, text);
    expect(reply).toMatchObject({ read: 7, imported: 2, unchanged: 0, rejectedCount: 5 });
    expect(reply.rejected.map((item) => item.line)).toEqual([4, 6, 8, 9, 10]);
    expect(reply.rejected[0]?.reason).toContain('declaredWeightGrams: "heavy"');
    expect(reply.rejected[1]?.reason).toContain("Atlantis");
    expect(reply.rejected[2]?.reason).toContain("already belongs to order good-1");
    expect(reply.rejected[3]?.reason).toContain("orderId");
    expect((await readOrder(cloud, "good-1")).order.consignee.name).toBe('Ann\n"the" Boss, jr.');
  });

  test("rows with the same order number are items of one order", async () => {
    const cloud = open();
    const text = `${header}\n${line("multi")}\n${line("multi", { quantity: "3", value: "1.05" })}\n${line("multi", { value: "0.99" })}\n`;
    expect(await importText(cloud, text)).toMatchObject({ read: 1, imported: 1 });
    expect(
      (await readOrder(cloud, "multi")).order.items.map((item) => [item.quantity, item.valueMinor]),
    ).toEqual([
      [1, 350],
      [3, 105],
      [1, 99],
    ]);
  });

  const chinese =
    "订单号;运单号;渠道代码;重量;收件人姓名;联系地址1;城市;收件人邮编;目的国家英文名称;英文申报品名;数量;申报单价;币种;长宽高\n";
  const chineseRow = (id: string) =>
    `${id};0001234567${createHash("sha256").update(id).digest("hex").slice(0, 9)};EU-POST;0.725;王小明;北京路 1 号;上海;010000;中国;Cotton shirt;2;12.50;CNY;30x20x10,5\n`;
  test.each([
    ["UTF-8 with mark", (text: string) => iconv.encode(text, "utf8", { addBOM: true })],
    ["GBK", (text: string) => iconv.encode(text, "gbk")],
    ["UTF-16 LE with mark", (text: string) => iconv.encode(text, "utf-16le", { addBOM: true })],
    ["UTF-16 BE with mark", (text: string) => iconv.encode(text, "utf-16be", { addBOM: true })],
  ])("Chinese headers in %s", async (name, encode) => {
    const cloud = open();
    const id = `cn-${name.replaceAll(" ", "")}`;
    expect(
      await importText(cloud, encode(`${chinese}${chineseRow(id).replace("10,5", "10.5")}`)),
    ).toMatchObject({ imported: 1, rejected: [] });
    const { order } = await readOrder(cloud, id);
    expect(order).toMatchObject({
      declaredWeightGrams: 725,
      consignee: { name: "王小明", country: "CN", postcode: "010000" },
      declaredSize: { lengthMillimetres: 300, widthMillimetres: 200, heightMillimetres: 105 },
    });
    expect(order.waybill.startsWith("0001234567")).toBe(true);
  });

  test("labels come from files below the folder of the orders, and from nowhere else", async () => {
    const cloud = open();
    const folder = mkdtempSync(join(tmpdir(), "waystation-labels-"));
    try {
      mkdirSync(join(folder, "in"));
      writeFileSync(join(folder, "in", "a.zpl"), "^XA^FO20,20^FDhello^FS^XZ");
      writeFileSync(join(folder, "in", "b.png"), "not an image");
      writeFileSync(join(folder, "in", "big.zpl"), `^XA${" ".repeat(300_000)}^XZ`);
      writeFileSync(join(folder, "secret.zpl"), "^XA^FDsecret^FS^XZ");
      symlinkSync(join(folder, "secret.zpl"), join(folder, "in", "link.zpl"));
      const rows = ["a.zpl", "b.png", "big.zpl", "../secret.zpl", "link.zpl", "none.zpl", "missing", ""].map(
        (label, index) => `${line(`label-${index}`)},${label}`,
      );
      const text = `${header},label\n${rows.join("\n")}\n`;
      const reply = await importText(cloud, text, { format: "csv", labelFolder: join(folder, "in") });
      expect(reply.rejected.map((item) => item.line)).toEqual([3, 4, 5, 6, 7]);
      expect((await readOrder(cloud, "label-0")).shipment.label).toEqual({
        kind: "zpl",
        base64: Buffer.from("^XA^FO20,20^FDhello^FS^XZ").toString("base64"),
      });
      expect((await readOrder(cloud, "label-6")).shipment.label).toEqual({ kind: "missing" });
      expect((await readOrder(cloud, "label-7")).shipment.label).toEqual({ kind: "house" });
      expect(await importText(cloud, `${header},label\n${line("over-http")},a.zpl\n`)).toMatchObject({
        imported: 0,
        rejectedCount: 1,
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("JSON: an array or one object per line, nested or flat, long numbers as they are", async () => {
    const cloud = open();
    const nested = {
      orderId: "json-1",
      waybill: "JW1",
      channelCode: "EU-POST",
      declaredWeightGrams: 10,
      label: { kind: "zpl", base64: Buffer.from("^XA^XZ").toString("base64") },
      consignee: { name: 'Brace } "quote" \\', street1: "x", city: "y", postcode: "", country: "FR" },
      items: [{ description: "d", quantity: 1, valueMinor: 1, currency: "EUR" }],
    };
    const flat = `{"order id": 820982911946154508, "waybill": "JW2", "channel": "EU-POST", "weight g": 7, "name": "n", "address": "s",\n "city": "c", "country": "DE", "item": "d", "unit value": "2.5"}`;
    const text = `[\n${JSON.stringify(nested, null, 1)},\n${flat},\n{"order id": "json-3"},\n{"broken": nonsense}\n]`;
    const reply = await importText(cloud, text, { format: "json" });
    expect(reply).toMatchObject({ read: 4, imported: 2, rejectedCount: 2 });
    const flatLine = 2 + JSON.stringify(nested, null, 1).split("\n").length;
    expect(reply.rejected.map((item) => item.line)).toEqual([flatLine + 2, flatLine + 3]);
    expect((await readOrder(cloud, "820982911946154508")).order.items[0]?.valueMinor).toBe(250);
    const lines = `${JSON.stringify({ ...nested, orderId: "nd-1", waybill: "nd-1" })}\n${JSON.stringify({ ...nested, orderId: "nd-2", waybill: "nd-2", unknown: 1 })}\n`;
    expect(await importText(cloud, lines, { format: "json" })).toMatchObject({
      imported: 1,
      rejected: [{ line: 2 }],
    });
  });

  test("a file that is no order file is refused as a whole", async () => {
    const cloud = open();
    const refuse = async (text: string, format: "csv" | "json") =>
      importOrders(inPieces(Buffer.from(text)), { format, owner: ourOrders }, { database: cloud.database });
    for (const text of ["", "a,b\n1,2\n", "order id\n"])
      expect(await refuse(text, "csv")).toMatchObject({
        ok: false,
        failure: { code: "orders.file-invalid" },
      });
    expect(await refuse("order id,channel", "json")).toMatchObject({
      ok: false,
      failure: { code: "orders.file-invalid" },
    });
    expect(await refuse(`{"a":"${"x".repeat(1_100_000)}`, "json")).toMatchObject({
      ok: false,
      failure: { code: "orders.file-invalid" },
    });
  });

  test("a quotation mark that never closes ends the file there and keeps what came before", async () => {
    const cloud = open();
    const reply = await importText(
      cloud,
      `${header}\n${line("before-quote")}\n${line("open", { name: '"Ann' })}\n${`${line("after")}\n`.repeat(2000)}`,
    );
    expect(reply).toMatchObject({ read: 1, imported: 1, rejectedCount: 1, rejected: [{ line: 3 }] });
  });

  test("the import route streams a body and needs the admin token", async () => {
    const cloud = open();
    const send = (headers: Record<string, string>, query: string) =>
      cloud.app.request(`/v1/orders/import${query}`, {
        method: "POST",
        headers,
        body: `${header}\n${line("by-http")}\n`,
      });
    expect((await send({}, "?format=csv")).status).toBe(401);
    expect((await send(asAdmin, "")).status).toBe(400);
    expect(await (await send(asAdmin, "?format=csv")).json()).toMatchObject({ imported: 1 });
  });

  test("5,000 generated orders go in and keep the batch bounded", async () => {
    const cloud = open();
    const lines = formatOrdersCsv(generateOrders({ seed: 42, count: 5000 }));
    async function* bytes() {
      for (const text of lines) yield Buffer.from(text);
    }
    expect(
      await importOrders(bytes(), { format: "csv", owner: ourOrders }, { database: cloud.database }),
    ).toMatchObject({
      ok: true,
      value: { imported: 5000, rejectedCount: 0 },
    });
  });
});

test("the generator gives the same orders for the same seed, and its numbers are valid", () => {
  const rows = [...generateOrders({ seed: 3, count: 500 })];
  expect(rows).toEqual([...generateOrders({ seed: 3, count: 500 })]);
  expect(rows).not.toEqual([...generateOrders({ seed: 4, count: 500 })]);
  for (const row of rows)
    expect(identifiersFor(row.trackingNumber ?? ""), row.trackingNumber).toContain(row.trackingNumber);
  const weights = rows.map((row) => Number(row.weightGrams)).toSorted((one, other) => one - other);
  expect(weights[250]).toBeGreaterThan(550);
  expect(weights[250]).toBeLessThan(850);
});
