import type { Sqlite } from "../core/open-database.ts";
import { isDamage } from "../core/database-damage.ts";

const carriedPerPiece = 500;

/**
 * Before a build takes over: an order whose newer parts are not those of its release row yet, and a setting whose
 * newer body is not valid, stay in force as the file in use shows them. What the cloud no longer has is not carried.
 */
export async function carryFormer(
  build: Sqlite,
  formerPath: string,
  pause: () => Promise<void>,
): Promise<void> {
  build.prepare("ATTACH ? AS former").run(formerPath);
  try {
    await carryOrders(build, pause);
    carrySettings(build);
  } catch (error) {
    // A damaged file is being replaced: what cannot be read of it is not carried.
    if (!isDamage(error)) throw error;
  } finally {
    build.exec("DETACH former");
  }
}

async function carryOrders(build: Sqlite, pause: () => Promise<void>): Promise<void> {
  const incomplete = build
    .prepare(
      `SELECT po.order_id FROM main.pending_orders po CROSS JOIN main.pending_shipments ps USING (order_id)
       CROSS JOIN main.releases r USING (order_id) LEFT JOIN main.orders o USING (order_id)
       WHERE o.order_id IS NULL AND po.order_id > ? ORDER BY po.order_id LIMIT ${carriedPerPiece}`,
    )
    .pluck();
  const copies = ["orders", "labels", "identifiers"].map((table) =>
    build.prepare(`INSERT INTO main.${table} SELECT * FROM former.${table} WHERE order_id = ?`),
  );
  const carry = build.transaction((ids: readonly string[]) => {
    for (const id of ids) for (const copy of copies) copy.run(id);
  });
  for (let after: string | undefined = ""; after !== undefined; ) {
    const ids = incomplete.all(after) as string[];
    carry(ids);
    after = ids.at(-1);
    await pause();
  }
}

function carrySettings(build: Sqlite): void {
  for (const [table, key] of [
    ["channels", "code"],
    ["sort_plans", "plan_id"],
  ] as const)
    build.exec(
      `INSERT INTO main.${table} SELECT f.* FROM former.${table} f
       JOIN main.refused_settings r ON r.shape = '${table}' AND r.key = f.${key} WHERE true ON CONFLICT DO NOTHING`,
    );
}
