import { createHash } from "node:crypto";
import { assert } from "@waystation/shared/failures/assert";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { channelSchema } from "@waystation/shared/model/channel";
import { orderSchema, shipmentSchema } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import { sortPlanSchema } from "@waystation/shared/model/sort-plan";
import type { StationShape } from "@waystation/shared/wire/cloud-http";
import type { Sqlite } from "../core/open-database.ts";

/** A row as the shape protocol sends it: text or null; an update may bear only the key and what changed. */
export type ShapeRow = Readonly<Record<string, string | null>>;
export type ShapeChange = { readonly operation: "insert" | "update" | "delete"; readonly row: ShapeRow };
export type ShapePosition = { readonly handle: string | null; readonly offset: string };

export type ShapeWriter = ReturnType<typeof createShapeWriter>;
type Replicated = Exclude<StationShape, "acknowledgements">;

/** Writes batches of changes with their offset in one transaction. A refetch stages under a new generation and sweeps the old one last. */
export function createShapeWriter(db: Sqlite) {
  const statements = prepareStatements(db);

  function apply(
    shape: Replicated,
    changes: readonly ShapeChange[],
    position: ShapePosition,
    upToDate: boolean,
  ): number {
    const generation = readGeneration(shape);
    return db.transaction(() => {
      const touched = new Set<string>();
      for (const change of changes) applyChange(shape, change, generation, touched);
      let released = 0;
      for (const orderId of touched) released += releaseOrder(orderId) ? 1 : 0;
      if (upToDate && generation > 0) sweep(shape, generation);
      statements.savePosition.run(shape, position.handle, position.offset, generation);
      return released;
    })();
  }

  function applyChange(
    shape: Replicated,
    { operation, row }: ShapeChange,
    generation: number,
    touched: Set<string>,
  ): void {
    const gone = operation === "delete";
    switch (shape) {
      case "orders":
      case "shipments":
        return gone ? undefined : stagePart(shape, row, touched);
      case "releases":
        return gone ? withdraw(row.order_id ?? "") : stageRelease(row, generation, touched);
      case "channels":
      case "sort_plans":
        return gone
          ? statements.dropSetting[shape].run(row[settingKey[shape]]) && undefined
          : stageSetting(shape, row, generation);
    }
  }

  function stagePart(shape: "orders" | "shipments", row: ShapeRow, touched: Set<string>): void {
    const { order_id: orderId, revision, body } = row;
    if (orderId == null || revision == null || body == null) return;
    statements.stagePart[shape].run(orderId, Number(revision), body);
    touched.add(orderId);
  }

  function stageRelease(row: ShapeRow, generation: number, touched: Set<string>): void {
    const { order_id: orderId, revision, parts_hash: partsHash } = row;
    if (orderId == null || partsHash == null) return;
    statements.stageRelease.run(orderId, Number(revision ?? 0), partsHash, generation);
    touched.add(orderId);
  }

  /** What the lanes decide by is checked here, once; a body that is not valid is not taken over. */
  function stageSetting(shape: "channels" | "sort_plans", row: ShapeRow, generation: number): void {
    const { body, version } = row;
    const key = row[settingKey[shape]];
    if (key == null || body == null || !settingSchema[shape].safeParse(parseJson(body)).success) return;
    statements.stageSetting[shape].run(key, Number(version ?? 1), body, generation);
  }

  /** Visible only when the parts at hand are exactly those the cloud released; until then the former version stays. */
  function releaseOrder(orderId: string): boolean {
    const parts = statements.readParts.get({ orderId }) as PartsRow | undefined;
    if (parts === undefined || parts.orderBody === null || parts.shipmentBody === null) return false;
    if (hashParts(parts.orderBody, parts.shipmentBody) !== parts.partsHash) return false;
    const order = orderSchema.safeParse(parseJson(parts.orderBody));
    const shipment = shipmentSchema.safeParse(parseJson(parts.shipmentBody));
    if (!order.success || !shipment.success) return false;
    const { waybill, reference, trackingNumber } = order.data;
    statements.showOrder.run(
      orderId,
      parts.revision,
      parts.partsHash,
      shipment.data.label.kind,
      parts.orderBody,
    );
    statements.showLabel.run(orderId, parts.shipmentBody);
    statements.dropIdentifiers.run(orderId);
    for (const text of [waybill, trackingNumber, reference])
      if (text !== undefined)
        for (const value of [text, ...identifiersFor(text)]) statements.addIdentifier.run(value, orderId);
    statements.dropPart.orders.run(orderId);
    statements.dropPart.shipments.run(orderId);
    return true;
  }

  function withdraw(orderId: string): void {
    for (const statement of statements.withdraw) statement.run(orderId);
  }

  function sweep(shape: Replicated, generation: number): void {
    if (shape === "releases")
      for (const orderId of statements.staleReleases.all(generation) as string[]) withdraw(orderId);
    else if (shape === "channels" || shape === "sort_plans") statements.sweepSetting[shape].run(generation);
  }

  function readGeneration(shape: Replicated): number {
    return Number(statements.readGeneration.get(shape) ?? 0);
  }

  return {
    apply,
    /** The cloud asked to start over: nothing is cleared, the rows that do not come again go at the end. */
    refetch: (shape: Replicated) => void statements.refetch.run(shape, readGeneration(shape) + 1),
    position: (shape: Replicated): ShapePosition | undefined =>
      statements.readPosition.get(shape) as ShapePosition | undefined,
    countVisible: (): number => Number(statements.countVisible.get()),
  };
}

type PartsRow = {
  revision: number;
  partsHash: string;
  orderBody: string | null;
  shipmentBody: string | null;
};

const settingKey = { channels: "code", sort_plans: "plan_id" } as const;
const settingSchema = { channels: channelSchema, sort_plans: sortPlanSchema } as const;

const hashParts = (orderBody: string, shipmentBody: string): string =>
  createHash("sha256").update(releaseText(orderBody, shipmentBody), "utf8").digest("hex");

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function prepareStatements(db: Sqlite) {
  const stage = (table: string) =>
    db.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET revision = excluded.revision, body = excluded.body`,
    );
  const setting = (table: string, key: string) =>
    db.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?, ?) ON CONFLICT (${key}) DO UPDATE SET version = excluded.version, body = excluded.body, generation = excluded.generation`,
    );
  const dropById = (table: string) => db.prepare(`DELETE FROM ${table} WHERE order_id = ?`);
  const drops = { orders: dropById("pending_orders"), shipments: dropById("pending_shipments") };
  assert(db.open, "the replica's database is open");
  return {
    stagePart: { orders: stage("pending_orders"), shipments: stage("pending_shipments") },
    dropPart: drops,
    stageRelease: db.prepare(
      `INSERT INTO releases VALUES (?, ?, ?, ?)
       ON CONFLICT (order_id) DO UPDATE SET revision = excluded.revision, parts_hash = excluded.parts_hash, generation = excluded.generation`,
    ),
    staleReleases: db.prepare("SELECT order_id FROM releases WHERE generation < ?").pluck(),
    // The `+` keeps SQLite from planning the join anew for every value bound.
    readParts: db.prepare(
      `SELECT r.revision, r.parts_hash AS partsHash, coalesce(po.body, o.body) AS orderBody, coalesce(ps.body, l.body) AS shipmentBody
       FROM releases r LEFT JOIN pending_orders po USING (order_id) LEFT JOIN pending_shipments ps USING (order_id)
       LEFT JOIN orders o USING (order_id) LEFT JOIN labels l USING (order_id)
       WHERE r.order_id = +@orderId AND (o.parts_hash IS NULL OR o.parts_hash <> r.parts_hash)`,
    ),
    showOrder: db.prepare(
      `INSERT INTO orders VALUES (?, ?, ?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET
       revision = excluded.revision, parts_hash = excluded.parts_hash, label_kind = excluded.label_kind, body = excluded.body`,
    ),
    showLabel: db.prepare(
      "INSERT INTO labels VALUES (?, ?) ON CONFLICT (order_id) DO UPDATE SET body = excluded.body",
    ),
    dropIdentifiers: dropById("identifiers"),
    addIdentifier: db.prepare("INSERT INTO identifiers VALUES (?, ?) ON CONFLICT DO NOTHING"),
    withdraw: ["identifiers", "orders", "labels", "releases", "pending_orders", "pending_shipments"].map(
      dropById,
    ),
    stageSetting: { channels: setting("channels", "code"), sort_plans: setting("sort_plans", "plan_id") },
    dropSetting: {
      channels: db.prepare("DELETE FROM channels WHERE code = ?"),
      sort_plans: db.prepare("DELETE FROM sort_plans WHERE plan_id = ?"),
    },
    sweepSetting: {
      channels: db.prepare("DELETE FROM channels WHERE generation < ?"),
      sort_plans: db.prepare("DELETE FROM sort_plans WHERE generation < ?"),
    },
    savePosition: db.prepare(
      `INSERT INTO shape_offsets VALUES (?, ?, ?, ?)
       ON CONFLICT (shape) DO UPDATE SET handle = excluded.handle, offset = excluded.offset, generation = excluded.generation`,
    ),
    readPosition: db.prepare("SELECT handle, offset FROM shape_offsets WHERE shape = ? AND offset <> '-1'"),
    readGeneration: db.prepare("SELECT generation FROM shape_offsets WHERE shape = ?").pluck(),
    refetch: db.prepare(
      `INSERT INTO shape_offsets VALUES (?, NULL, '-1', ?) ON CONFLICT (shape) DO UPDATE SET handle = NULL, offset = '-1', generation = excluded.generation`,
    ),
    countVisible: db.prepare("SELECT count(*) FROM orders").pluck(),
  };
}
