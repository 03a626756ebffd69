import type { Sqlite } from "../core/open-database.ts";

export type ShapeStatements = ReturnType<typeof prepareShapeStatements>;

/** Every statement the writer runs, prepared once per file. */
export function prepareShapeStatements(db: Sqlite) {
  const dropById = (table: string) => db.prepare(`DELETE FROM ${table} WHERE order_id = ?`);
  const firstIds = (table: string) => db.prepare(`SELECT order_id FROM ${table} LIMIT ?`).pluck();
  return {
    orders: prepareOrderStatements(db, dropById),
    settings: {
      channels: prepareSettingStatements(db, "channels", "code"),
      sort_plans: prepareSettingStatements(db, "sort_plans", "plan_id"),
    },
    clearing: {
      orders: [firstIds("orders"), firstIds("pending_orders")],
      shipments: [firstIds("labels"), firstIds("pending_shipments")],
      releases: [firstIds("releases")],
    },
    savePosition: db.prepare(
      `INSERT INTO shape_offsets VALUES (?, ?, ?, ?, 0) ON CONFLICT (shape) DO UPDATE SET
       handle = excluded.handle, offset = excluded.offset, complete = max(complete, excluded.complete)`,
    ),
    startOver: db.prepare(
      `INSERT INTO shape_offsets VALUES (?, NULL, '-1', 0, 1)
       ON CONFLICT (shape) DO UPDATE SET handle = NULL, offset = '-1', complete = 0, clearing = 1`,
    ),
    cleared: db.prepare("UPDATE shape_offsets SET clearing = 0 WHERE shape = ?"),
    readClearing: db.prepare("SELECT shape FROM shape_offsets WHERE clearing = 1").pluck(),
    readPosition: db.prepare(
      "SELECT handle, offset FROM shape_offsets WHERE shape = ? AND offset <> '-1' AND clearing = 0",
    ),
    readComplete: db.prepare("SELECT complete FROM shape_offsets WHERE shape = ?").pluck(),
    countComplete: db.prepare("SELECT count(*) FROM shape_offsets WHERE complete = 1").pluck(),
  };
}

function prepareOrderStatements(db: Sqlite, dropById: (table: string) => ReturnType<Sqlite["prepare"]>) {
  const stage = (table: string) =>
    db.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET revision = excluded.revision, body = excluded.body`,
    );
  return {
    stage: { orders: stage("pending_orders"), shipments: stage("pending_shipments") },
    stageRelease: db.prepare(
      `INSERT INTO releases VALUES (?, ?, ?)
       ON CONFLICT (order_id) DO UPDATE SET revision = excluded.revision, parts_hash = excluded.parts_hash`,
    ),
    dropPending: { orders: dropById("pending_orders"), shipments: dropById("pending_shipments") },
    dropRelease: dropById("releases"),
    isVisible: db.prepare("SELECT 1 FROM orders WHERE order_id = ?").pluck(),
    dropVisible: ["identifiers", "orders", "labels"].map(dropById),
    // What stays of a visible order when another part of it goes.
    keepOrder: db.prepare(
      "INSERT INTO pending_orders SELECT order_id, revision, body FROM orders WHERE order_id = ? ON CONFLICT DO NOTHING",
    ),
    keepShipment: db.prepare(
      `INSERT INTO pending_shipments SELECT l.order_id, o.revision, l.body FROM labels l JOIN orders o USING (order_id)
       WHERE l.order_id = ? ON CONFLICT DO NOTHING`,
    ),
    readPart: {
      orders: db.prepare(
        `SELECT revision, body FROM pending_orders WHERE order_id = @id
         UNION ALL SELECT revision, body FROM orders WHERE order_id = @id LIMIT 1`,
      ),
      shipments: db.prepare(
        `SELECT revision, body FROM pending_shipments WHERE order_id = @id
         UNION ALL SELECT o.revision, l.body FROM labels l JOIN orders o USING (order_id) WHERE l.order_id = @id LIMIT 1`,
      ),
    },
    readRelease: db.prepare("SELECT revision, parts_hash FROM releases WHERE order_id = ?"),
    // The `+` keeps SQLite from planning the join anew for every value bound.
    readParts: db.prepare(
      `SELECT r.revision, r.parts_hash AS partsHash, coalesce(po.body, o.body) AS orderBody,
         coalesce(ps.body, l.body) AS shipmentBody, o.parts_hash AS shownHash,
         po.order_id IS NOT NULL AS orderWaits, ps.order_id IS NOT NULL AS shipmentWaits
       FROM releases r LEFT JOIN pending_orders po USING (order_id) LEFT JOIN pending_shipments ps USING (order_id)
       LEFT JOIN orders o USING (order_id) LEFT JOIN labels l USING (order_id)
       WHERE r.order_id = +@orderId`,
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
  };
}

function prepareSettingStatements(db: Sqlite, table: "channels" | "sort_plans", key: string) {
  return {
    read: db.prepare(`SELECT version, body FROM ${table} WHERE ${key} = ?`),
    stage: db.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?) ON CONFLICT (${key}) DO UPDATE SET version = excluded.version, body = excluded.body`,
    ),
    drop: db.prepare(`DELETE FROM ${table} WHERE ${key} = ?`),
    clear: db.prepare(`DELETE FROM ${table}`),
    refuse: db.prepare(`INSERT INTO refused_settings VALUES ('${table}', ?) ON CONFLICT DO NOTHING`),
    accept: db.prepare(`DELETE FROM refused_settings WHERE shape = '${table}' AND key = ?`),
    acceptAll: db.prepare(`DELETE FROM refused_settings WHERE shape = '${table}'`),
  };
}
