import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import { type Fact, readFact } from "./read-fact.ts";
import type { Row } from "./run-description.ts";

export type FormerLog = { readonly logId: string; readonly base: number; readonly receivedThrough: number };

/** One facts.db. Salvaged facts bear the number they have in this file beside their own sequence. */
export type FactsFile = {
  readonly path: string;
  /** Set aside because it was damaged: it holds what it holds. */
  readonly isDamaged: boolean;
  /** Why it could not be read to the end; null where it could. */
  readonly trouble: string | null;
  readonly logId: string;
  readonly acknowledgedThrough: number;
  readonly durableThrough: number;
  readonly prunedThrough: number;
  readonly prunedHash: string | null;
  readonly facts: readonly Fact[];
  readonly salvaged: readonly (Fact & { readonly number: number })[];
  readonly formerLogs: readonly FormerLog[];
  readonly parcels: readonly Row[];
};

/** Numbers of one salvaged log lie within this distance above its base. */
const logSpan = 2 ** 40;

export function readFactsFile(path: string, stationId: string): FactsFile {
  const isDamaged = basename(path).includes(".damaged-");
  const troubles: string[] = [];
  const { rows, close } = openFile(path, troubles);
  const [log] = rows("SELECT *, lower(hex(pruned_hash)) AS pruned FROM log");
  const logId = String(log?.log_id ?? "");
  if (!isDamaged && log !== undefined && log.station_id !== stationId)
    troubles.push(`it belongs to ${String(log.station_id)}`);
  const formerLogs = rows("SELECT * FROM former_logs ORDER BY base").map((row) => ({
    logId: String(row.log_id),
    base: Number(row.base),
    receivedThrough: Number(row.received_through),
  }));
  const facts = rows("SELECT sequence, text, lower(hex(hash)) AS hash FROM facts ORDER BY sequence").map(
    (row) =>
      readFact({ stationId, logId, sequence: Number(row.sequence) }, String(row.text), String(row.hash)),
  );
  const salvaged = rows("SELECT number, text, lower(hex(hash)) AS hash FROM salvaged ORDER BY number").map(
    (row) => readSalvaged(stationId, formerLogs, row),
  );
  const parcels = rows("SELECT * FROM parcels");
  if (!isDamaged)
    for (const row of rows("PRAGMA quick_check(3)"))
      if (row.quick_check !== "ok") troubles.push(String(row.quick_check));
  close();
  return {
    ...{ path, isDamaged, logId, facts, salvaged, formerLogs, parcels },
    trouble: troubles.length === 0 ? null : troubles.join("; "),
    acknowledgedThrough: Number(log?.acknowledged_through ?? 0),
    durableThrough: Number(log?.durable_through ?? 0),
    prunedThrough: Number(log?.pruned_through ?? 0),
    prunedHash: log?.pruned === undefined || log.pruned === "" ? null : String(log.pruned),
  };
}

function readSalvaged(stationId: string, logs: readonly FormerLog[], row: Row) {
  const number = Number(row.number);
  const log = logs.find(({ base }) => number > base && number < base + logSpan);
  const place = { stationId, logId: log?.logId ?? "", sequence: number - (log?.base ?? 0) };
  return { ...readFact(place, String(row.text), String(row.hash)), number };
}

/** Reads and never writes; what cannot be read is noted and is empty from there. */
function openFile(path: string, troubles: string[]) {
  const db = open(path, troubles);
  const rows = (sql: string): Row[] => {
    const found: Row[] = [];
    try {
      for (const row of db?.prepare(sql).iterate() ?? []) found.push(row as Row);
    } catch (error) {
      troubles.push(error instanceof Error ? error.message : String(error));
    }
    return found;
  };
  return { rows, close: () => void db?.close() };
}

function open(path: string, troubles: string[]): Database.Database | null {
  try {
    return new Database(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    troubles.push(error instanceof Error ? error.message : String(error));
    return null;
  }
}

export type VisibleOrder = {
  readonly orderId: string;
  readonly revision: number;
  readonly partsHash: string;
  readonly body: string;
  readonly label: string | null;
};
export type OrdersFile = {
  readonly trouble: string | null;
  readonly orders: readonly VisibleOrder[];
  /** Which orders a barcode leads to. */
  readonly identifiers: readonly { readonly value: string; readonly orderId: string }[];
};

/** @param path `orders.db`; a numbered file beside it has taken its place. */
export function readOrdersFile(path: string): OrdersFile {
  const troubles: string[] = [];
  const { rows, close } = openFile(findNewest(path), troubles);
  const orders = rows("SELECT o.*, l.body AS label FROM orders o LEFT JOIN labels l USING (order_id)").map(
    (row) => ({
      orderId: String(row.order_id),
      revision: Number(row.revision),
      partsHash: String(row.parts_hash),
      body: String(row.body),
      label: row.label === null ? null : String(row.label),
    }),
  );
  const identifiers = rows("SELECT value, order_id FROM identifiers").map((row) => ({
    value: String(row.value),
    orderId: String(row.order_id),
  }));
  close();
  return { trouble: troubles.length === 0 ? null : troubles.join("; "), orders, identifiers };
}

function findNewest(path: string): string {
  const [folder, name] = [dirname(path), basename(path)];
  if (name !== "orders.db" || !existsSync(folder)) return path;
  const numbers = readdirSync(folder).flatMap((entry) => /^orders-(\d+)\.db$/.exec(entry)?.[1] ?? []);
  const newest = Math.max(0, ...numbers.map(Number));
  return newest === 0 ? path : join(folder, `orders-${newest}.db`);
}
