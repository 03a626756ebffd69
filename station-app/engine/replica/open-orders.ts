import { existsSync, statSync } from "node:fs";
import { describeCause } from "@waystation/shared/failures/result";
import { isDamage } from "../core/database-damage.ts";
import { openReplica, type Sqlite } from "../core/open-database.ts";
import { prepareOrders, type SchemaState } from "./orders-schema.ts";

/**
 * A file as it was found. `damage`: why it has to be fetched again; `db` is null when it does not open at all, and
 * is otherwise still good for reading what can be read.
 */
export type OpenedOrders =
  | { readonly db: Sqlite; readonly schema: SchemaState; readonly damage: string | null }
  | { readonly db: null; readonly damage: string };

/** Small enough to be read whole within a start; beyond it only the edges of every tree are looked at. */
const wholeCheckBytes = 64_000_000;

/** Opens a file for writing, makes it if there is none, and looks for damage in a time that does not grow with the orders. */
export function openOrders(path: string): OpenedOrders {
  if (existsSync(path) && statSync(path).size === 0 && !existsSync(`${path}-wal`))
    return { db: null, damage: "the file is empty" };
  let db: Sqlite | undefined;
  try {
    db = openReplica(path);
    const schema = prepareOrders(db);
    return { db, schema, damage: findDamage(db, statSync(path).size) };
  } catch (error) {
    db?.close();
    if (!isDamage(error)) throw error;
    return { db: null, damage: describeCause(error) };
  }
}

function findDamage(db: Sqlite, sizeBytes: number): string | null {
  try {
    if (sizeBytes > wholeCheckBytes) return touchEdges(db);
    const found = db.pragma("quick_check(1)", { simple: true });
    return found === "ok" ? null : String(found).slice(0, 200);
  } catch (error) {
    if (isDamage(error)) return describeCause(error);
    throw error;
  }
}

/** Walks every tree down to its first and last leaf: a file cut short or overwritten at its head does not pass. */
function touchEdges(db: Sqlite): null {
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .pluck()
    .all() as string[];
  for (const table of tables) {
    const key = db
      .prepare(`SELECT name FROM pragma_table_info('${table}') WHERE pk = 1`)
      .pluck()
      .get() as string;
    for (const order of ["ASC", "DESC"])
      db.prepare(`SELECT * FROM "${table}" ORDER BY "${key}" ${order} LIMIT 1`).get();
  }
  return null;
}
