import { createHash } from "node:crypto";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { orderSchema, shipmentSchema } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import { asAdmin, describeOnEachDatabase, type TestCloud } from "../../test-support/test-cloud.ts";
import { importOrders } from "../orders/import-orders.ts";
import { eraseExpired } from "./erase-expired.ts";

const person = {
  name: "Zebulon Quist",
  street1: "14 Peculiar Lane",
  city: "Oddville",
  postcode: "OD1 7XX",
  phone: "555-0199",
};
const order = (orderId: string) => ({
  orderId,
  waybill: `W-${orderId}`,
  reference: `REF-${orderId}`,
  channelCode: "US-STD",
  status: "ready",
  declaredWeightGrams: 700,
  consignee: { ...person, country: "US" },
  items: [
    { description: "gift for Zebulon", quantity: 1, valueMinor: 500, currency: "USD", hsCode: "950300" },
  ],
  label: { kind: "zpl", base64: Buffer.from(`^XA^FD${person.name}^FS^XZ`).toString("base64") },
});

async function* oneChunk(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describeOnEachDatabase("retention", (cloud) => {
  const fill = async (prefix: string, names: readonly string[], owner = hub): Promise<void> => {
    const text = JSON.stringify(names.map((name) => order(`${prefix}-${name}`)));
    const reply = await importOrders(oneChunk(text), { format: "json", owner }, cloud());
    expect(reply).toMatchObject({ ok: true, value: { imported: names.length } });
  };
  const setAge = (orderId: string, days: number) =>
    sql`update orders set updated_at = now() - make_interval(days => ${days}::int) where order_id = ${orderId}`.execute(
      cloud().database.kysely,
    );
  const addParcel = (orderId: string, outcome: string | null, days: number) =>
    sql`insert into parcels (tenant_id, hub_id, station_id, parcel_id, order_id, outcome, fact_count,
        first_occurred_at, last_occurred_at, last_fact, updated_at)
      values ('default', 'main', 's', ${`p-${orderId}`}, ${orderId}, ${outcome}, 1, 'a', 'b', 'c',
        now() - make_interval(days => ${days}::int))`.execute(cloud().database.kysely);
  const erase = (path: string, init: RequestInit = {}) =>
    cloud().app.request(path, { method: "POST", headers: asAdmin, ...init });

  test("the daily job erases finished and cancelled orders beyond their time, and nothing else", async () => {
    await fill("job", ["finished", "cancelled", "young", "open", "busy", "late-parcel"]);
    const { kysely } = cloud().database;
    await sql`update orders set status = 'cancelled' where order_id = 'job-cancelled'`.execute(kysely);
    for (const name of ["finished", "cancelled", "open", "busy", "late-parcel"])
      await setAge(`job-${name}`, 200);
    await addParcel("job-finished", "accepted", 190);
    await addParcel("job-young", "accepted", 1);
    await addParcel("job-busy", null, 190);
    await addParcel("job-late-parcel", "accepted", 3);

    await eraseExpired({ ...cloud().deps, config: { ...cloud().deps.config, retentionDays: 0 } }, never);
    expect(await erasedOrders(cloud())).toEqual([]);
    await eraseExpired(cloud().deps, never);
    expect(await erasedOrders(cloud())).toEqual(["job-cancelled", "job-finished"]);
    expect(await traces(cloud(), "job-finished")).toEqual([]);
    expect(await traces(cloud(), "job-young")).not.toEqual([]);
    // A second run finds nothing, and the revision stays.
    await eraseExpired(cloud().deps, never);
    const { rows } = await sql<{
      revision: number;
    }>`select revision::int from orders where order_id = 'job-finished'`.execute(kysely);
    expect(rows).toEqual([{ revision: 2 }]);
    const audit = await sql`select actor, details from audit_log where subject = 'expired orders'`.execute(
      kysely,
    );
    expect(audit.rows).toEqual([{ actor: "job retention", details: { orders: 2, olderThanDays: 180 } }]);
  });

  test("more orders than one batch are all erased", async () => {
    const names = Array.from({ length: 450 }, (_, index) => `n${index}`);
    await fill("many", names);
    const { kysely } = cloud().database;
    await sql`update orders set status = 'cancelled', updated_at = now() - interval '1 year' where order_id like 'many-%'`.execute(
      kysely,
    );
    await eraseExpired(cloud().deps, never);
    const { rows } = await sql<{ left: number }>`select count(*)::int as left from orders
      where order_id like 'many-%' and erased_at is null`.execute(kysely);
    expect(rows).toEqual([{ left: 0 }]);
  });

  test("what is left is a whole order without the person, and stations take it", async () => {
    await fill("ask", ["one"]);
    await addParcel("ask-one", "accepted", 0);
    expect(await (await erase("/v1/orders/ask-one/erase")).json()).toEqual({ erased: 1 });
    const { rows } = await sql<Parts>`select o.body, s.body as "shipmentBody", s.label_kind, r.parts_hash,
        o.revision::int, s.revision::int as "shipmentRevision", r.revision::int as "releaseRevision"
      from orders o join shipments s using (tenant_id, order_id) join releases r using (tenant_id, order_id)
      where order_id = 'ask-one'`.execute(cloud().database.kysely);
    const [parts] = rows;
    if (parts === undefined) throw new Error("no order");
    const left = orderSchema.parse(JSON.parse(parts.body));
    expect(left).toMatchObject({
      orderId: "ask-one",
      waybill: "W-ask-one",
      declaredWeightGrams: 700,
      consignee: { name: "erased", country: "US" },
    });
    expect(left.items).toEqual([
      { description: "erased", quantity: 1, valueMinor: 500, currency: "USD", hsCode: "950300" },
    ]);
    expect(shipmentSchema.parse(JSON.parse(parts.shipmentBody)).label.kind).toBe("missing");
    const hash = createHash("sha256").update(releaseText(parts.body, parts.shipmentBody)).digest("hex");
    expect(parts).toMatchObject({
      parts_hash: hash,
      revision: 2,
      shipmentRevision: 2,
      releaseRevision: 2,
      label_kind: "missing",
    });
    expect(await traces(cloud(), "ask-one")).toEqual([]);
    expect(await (await erase("/v1/orders/ask-one/erase")).json()).toEqual({ erased: 0 });
  });

  test("an order under way is refused, a stranger's and an unknown one look alike", async () => {
    await fill("way", ["one"]);
    expect((await erase("/v1/orders/way-one/erase")).status).toBe(409);
    await addParcel("way-one", "rejected", 0);
    expect((await erase("/v1/orders/way-one/erase")).status).toBe(409);
    const { kysely } = cloud().database;
    await sql`insert into tenants (tenant_id, name) values ('other', 'other') on conflict do nothing`.execute(
      kysely,
    );
    await sql`insert into hubs (tenant_id, hub_id, name) values ('other', 'far', 'far') on conflict do nothing`.execute(
      kysely,
    );
    await fill("far", ["one"], { tenantId: "other", hubId: "far", customerId: null });
    await sql`update orders set status = 'cancelled' where order_id = 'far-one'`.execute(kysely);
    const foreign = await erase("/v1/orders/far-one/erase");
    const unknown = await erase("/v1/orders/far-two/erase");
    expect([foreign.status, unknown.status]).toEqual([404, 404]);
    expect((await traces(cloud(), "far-one")).length).toBeGreaterThan(0);
    const byReference = await erase("/v1/erasures", { body: JSON.stringify({ reference: "REF-far-one" }) });
    expect(byReference.status).toBe(404);
  });

  test("by reference: every order that bears it, and those under way are named", async () => {
    await fill("ref", ["done", "open"]);
    const { kysely } = cloud().database;
    await sql`update orders set reference = 'SAME' where order_id like 'ref-%'`.execute(kysely);
    await sql`update orders set status = 'cancelled' where order_id = 'ref-done'`.execute(kysely);
    const reply = await erase("/v1/erasures", { body: JSON.stringify({ reference: "SAME" }) });
    expect(await reply.json()).toEqual({ erased: 1, open: ["ref-open"] });
    expect(
      (await erase("/v1/erasures", { body: JSON.stringify({ reference: "SAME", tenantId: "x" }) })).status,
    ).toBe(400);
  });
});

const hub: { tenantId: string; hubId: string; customerId: string | null } = {
  tenantId: "default",
  hubId: "main",
  customerId: null,
};
const never = new AbortController().signal;
type Parts = { readonly body: string; readonly shipmentBody: string; readonly [column: string]: unknown };

async function erasedOrders(cloud: TestCloud): Promise<readonly string[]> {
  const { rows } = await sql<{ order_id: string }>`select order_id from orders
    where erased_at is not null and order_id like 'job-%' order by order_id`.execute(cloud.database.kysely);
  return rows.map((row) => row.order_id);
}

/** Where anything of the person can still be read, in any column of any of our tables; base64 is unpacked. */
async function traces(cloud: TestCloud, orderId: string): Promise<readonly string[]> {
  const { kysely } = cloud.database;
  const secrets = [...Object.values(person), "gift for Zebulon"];
  const found: string[] = [];
  for (const table of ["orders", "shipments", "releases", "order_identifiers", "parcels"]) {
    const { rows } = await sql<{ text: string }>`select to_jsonb(t)::text as text from ${sql.table(table)} t
      where order_id = ${orderId}`.execute(kysely);
    for (const { text } of rows) {
      const packed = [...text.matchAll(/[A-Za-z0-9+/=]{24,}/g)].map(([part]) =>
        Buffer.from(part, "base64").toString(),
      );
      const whole = [text, ...packed].join(" ");
      for (const secret of secrets) if (whole.includes(secret)) found.push(`${table}: ${secret}`);
    }
  }
  return found;
}
