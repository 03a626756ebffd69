import type { Sqlite } from "./open-database.ts";

/** When facts may go. The cloud must hold them for good in every case. */
export type PruneRules = {
  /** Facts stay this long, counted in time the station ran: no clock that is set can age them. */
  readonly keepMs: number;
  /** The disk wants room: everything the cloud holds for good may go. */
  readonly hurry: boolean;
  /** Above it the disk wants room, too. What is free within the file does not count. */
  readonly budgetBytes: number;
  readonly factsPerStep: number;
  /** So many orders stay known as handled after their parcels' facts are gone. */
  readonly ordersKept: number;
};

/** The newest facts stay in any case: a sorter or a printer may still have something to say about their parcels. */
export const factsAlwaysKept = 20_000;
/** How finely running time is noted; 30 days are 1,440 rows. */
const markEveryMs = 1_800_000;

type LogRow = {
  readonly prunedThrough: number;
  readonly durableThrough: number;
  readonly runningMs: number;
};

/**
 * Deletes the oldest facts the cloud holds for good, a few at a time, and the rows of parcels all of whose facts are
 * gone. What was pruned last, and its hash, stay: the chain is verified from there. Orders that were handled stay known
 * in a table of their own. Freed pages are used again by the next facts, so the file stops growing but does not shrink:
 * giving pages back would cost every commit a second page. Facts about scales stay, for they are few and their rows
 * are rebuilt from them. Must be called outside a transaction.
 */
export function preparePrune(db: Sqlite) {
  const readLog = db.prepare(
    "SELECT pruned_through AS prunedThrough, durable_through AS durableThrough, running_ms AS runningMs FROM log",
  );
  const lastMark = db.prepare("SELECT max(running_ms) FROM prune_marks").pluck();
  const agedMark = db.prepare("SELECT max(sequence) FROM prune_marks WHERE running_ms <= ?").pluck();
  const firstOpen = db
    .prepare(
      "SELECT min(first_sequence) FROM parcels WHERE (outcome IS NULL OR label = 'requested') AND last_sequence > ?",
    )
    .pluck();
  const openFloor = db.prepare("SELECT max(open_above) FROM former_logs").pluck();
  const select = db.prepare(
    "SELECT sequence AS number, text, hash FROM facts WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?",
  );
  const remove = db.prepare("DELETE FROM facts WHERE sequence = ?");
  const saveEnd = db.prepare("UPDATE log SET pruned_through = ?, pruned_hash = ?");
  const rows = prepareRemoveParcels(db);
  const salvaged = preparePruneSalvaged(db, rows.remove);
  let countedMs = 0;

  const usedPages = db
    .prepare("SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")
    .pluck();
  const pageBytes = Number(db.pragma("page_size", { simple: true }));
  const usedBytes = (): number => Number(usedPages.get()) * pageBytes;

  function note(runningMs: number, lastSequence: number, stored: number): number {
    const now = stored + Math.max(0, Math.round(runningMs - countedMs));
    const last = lastMark.get() as number | null;
    if (last !== null && now - last < markEveryMs) return now;
    db.transaction(() => {
      db.prepare("INSERT OR REPLACE INTO prune_marks (running_ms, sequence) VALUES (?, ?)").run(
        now,
        lastSequence,
      );
      db.prepare("UPDATE log SET running_ms = ?").run(now);
    })();
    countedMs = runningMs;
    return now;
  }

  function findEnd(log: LogRow, nowMs: number, lastSequence: number, rules: PruneRules): number {
    const isHurried = rules.hurry || usedBytes() > rules.budgetBytes;
    const aged = isHurried ? lastSequence : ((agedMark.get(nowMs - rules.keepMs) as number | null) ?? 0);
    const floor = (openFloor.get() as number | null) ?? -Number.MAX_SAFE_INTEGER;
    const open = (firstOpen.get(floor) as number | null) ?? Number.MAX_SAFE_INTEGER;
    return Math.min(aged, log.durableThrough, open - 1, lastSequence - factsAlwaysKept);
  }

  const findOld = ({ prunedThrough }: LogRow, end: number, { factsPerStep }: PruneRules): PrunedFact[] =>
    select.all(prunedThrough, end, factsPerStep) as PrunedFact[];

  /** @param runningMs monotonic time of this process. @returns how many facts went. */
  return (runningMs: number, lastSequence: number, rules: PruneRules): number => {
    const log = readLog.get() as LogRow;
    const nowMs = note(runningMs, lastSequence, log.runningMs);
    // In a young log nothing may go whatever the rules, and this is asked after every parcel.
    const isYoung = lastSequence - factsAlwaysKept <= log.prunedThrough;
    const found = isYoung ? [] : findOld(log, findEnd(log, nowMs, lastSequence, rules), rules);
    const last = found.at(-1);
    if (last === undefined) return salvaged(log.prunedThrough, rules);
    db.transaction(() => {
      for (const { number, text } of found) if (!isKept(text)) remove.run(number);
      rows.remove(found, last.number, rules.ordersKept);
      saveEnd.run(last.number, last.hash);
      db.prepare("DELETE FROM prune_marks WHERE sequence < ? AND running_ms < ?").run(
        last.number,
        nowMs - rules.keepMs,
      );
    })();
    return found.length;
  };
}

type PrunedFact = { readonly number: number; readonly text: string; readonly hash: Buffer };
type RemoveParcels = (facts: readonly PrunedFact[], through: number, ordersKept: number) => void;

/** The rows of scales are rebuilt from these. */
const isKept = (text: string): boolean => /"type":"scale\./.test(text.slice(0, 400));

const parcelOf = (text: string): string | null => /"parcelId":"([^"\\]*)"/.exec(text)?.[1] ?? null;

function prepareRemoveParcels(db: Sqlite): { readonly remove: RemoveParcels } {
  const select = db.prepare(
    "SELECT handled_order AS handledOrder FROM parcels WHERE parcel_id = ? AND last_sequence <= ?",
  );
  const remove = db.prepare("DELETE FROM parcels WHERE parcel_id = ?");
  const keepOrder = db.prepare("INSERT OR IGNORE INTO handled_orders (order_id) VALUES (?)");
  const bound = db.prepare(
    "DELETE FROM handled_orders WHERE number <= (SELECT max(number) FROM handled_orders) - ?",
  );
  return {
    remove(facts, through, ordersKept) {
      const parcelIds = new Set(facts.map(({ text }) => parcelOf(text)));
      for (const parcelId of parcelIds) {
        const row = select.get(parcelId, through) as { handledOrder: string | null } | undefined;
        if (row === undefined) continue;
        if (row.handledOrder !== null) keepOrder.run(row.handledOrder);
        remove.run(parcelId);
      }
      bound.run(ordersKept);
    },
  };
}

/** What was saved from damaged files goes when the cloud holds it for good and this log's own first facts went. */
function preparePruneSalvaged(db: Sqlite, removeParcels: RemoveParcels) {
  const waiting = db
    .prepare(
      `SELECT count(*) FROM former_logs WHERE last_sequence IS NOT NULL AND (settled_above IS NULL
         OR durable_through < min(settled_above, last_sequence)
         OR coalesce(carried_through, settled_above) < last_sequence OR coalesce(carried_in, 1) > ?)`,
    )
    .pluck();
  const select = db.prepare("SELECT number, text, hash FROM salvaged ORDER BY number LIMIT ?");
  const remove = db.prepare("DELETE FROM salvaged WHERE number <= ?");
  return (prunedThrough: number, { factsPerStep, ordersKept }: PruneRules): number => {
    if (prunedThrough === 0) return 0;
    const found = select.all(factsPerStep) as PrunedFact[];
    const last = found.at(-1);
    if (last === undefined || Number(waiting.get(prunedThrough)) > 0) return 0;
    db.transaction(() => {
      // Parcels under way across both logs keep their rows, for their last fact is not among these.
      removeParcels(
        found.filter(({ text }) => !isKept(text)),
        last.number,
        ordersKept,
      );
      remove.run(last.number);
    })();
    return found.length;
  };
}
