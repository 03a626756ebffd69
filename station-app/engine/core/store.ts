import { randomFillSync } from "node:crypto";
import type { FactDraft } from "@waystation/shared/facts/draft";
import { genesisHash } from "@waystation/shared/facts/envelope";
import { mintId } from "@waystation/shared/model/id";
import { hashText, type Stamp, writeFactText } from "./fact-text.ts";
import { migrateFacts } from "./facts-schema.ts";
import {
  type CloudPosition,
  draftAnnouncements,
  markAnnounced,
  markCarried,
  prepareCarry,
  readFormerFacts,
  readFormerLogs,
  saveFormerReceived,
  settleFormer,
} from "./former-logs.ts";
import { openDurable, type Sqlite } from "./open-database.ts";
import { readOpenParcels, readRecentParcels } from "./open-parcels.ts";
import { type ParcelRow, projectFact } from "./project-parcel.ts";
import { prepareParcelTable } from "./parcel-table.ts";
import { preparePrune, type PruneRules } from "./prune-facts.ts";
import { prepareWalk } from "./salvage-check.ts";
import { prepareUpkeepTable } from "./upkeep-table.ts";

/** Time and names come from outside, so that a simulation can repeat a run to the bit. */
export type StoreSources = {
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  readonly mintId: () => string;
};

/** Called around each commit; tests kill the process here. */
export type CommitHook = (point: "before-commit" | "after-commit") => void;

export type Store = ReturnType<typeof openStore>;

/**
 * The only writer of facts.db. `commit` makes facts and the parcel rows they lead to durable in one transaction;
 * it throws what SQLite throws, and then nothing was recorded.
 */
export function openStore(
  path: string,
  stationId: string,
  sources: StoreSources = systemSources(),
  hook: CommitHook = () => {},
) {
  const db = openDurable(path);
  migrateFacts(db);
  const log = openLog(db, stationId, sources);
  const prune = preparePrune(db);
  const walk = prepareWalk(db, log.logId);
  const bootId = sources.mintId();
  const insert = db.prepare("INSERT INTO facts (sequence, text, hash) VALUES (?, ?, ?)");
  const parcels = prepareParcelTable(db);
  const upkeep = prepareUpkeepTable(db);
  const begin = db.prepare("BEGIN IMMEDIATE");
  const end = db.prepare("COMMIT");
  const undo = db.prepare("ROLLBACK");
  const lastFact = db.prepare("SELECT sequence FROM facts ORDER BY sequence DESC LIMIT 1");
  const causes = new Map<string, string>();
  let { lastSequence, lastHash } = readHead(db);

  /** Writes facts and parcel rows into the open transaction. @returns where the log would stand with them. */
  function write(drafts: readonly FactDraft[]) {
    const stamp: Stamp = {
      stationId,
      logId: log.logId,
      bootId,
      occurredAt: new Date(sources.nowMs()).toISOString(),
      monotonicMs: Math.round(sources.monotonicMs()),
    };
    const caused = new Map<string, string>();
    const before = new Map<string, ParcelRow | undefined>();
    const touched = new Map<string, ParcelRow>();
    let sequence = lastSequence;
    let previousHash = lastHash;
    for (const draft of drafts) {
      sequence += 1;
      const id = sources.mintId();
      const causedBy =
        draft.parcelId === null ? null : (caused.get(draft.parcelId) ?? causes.get(draft.parcelId) ?? null);
      const text = writeFactText(draft, stamp, { sequence, id, causedBy, previousHash });
      previousHash = hashText(text);
      insert.run(sequence, text, Buffer.from(previousHash, "hex"));
      if (draft.parcelId === null) {
        upkeep.take(draft, stamp.occurredAt);
        continue;
      }
      caused.set(draft.parcelId, id);
      if (!before.has(draft.parcelId)) before.set(draft.parcelId, parcels.read(draft.parcelId));
      const row = projectFact(touched.get(draft.parcelId) ?? before.get(draft.parcelId), draft, sequence);
      if (row !== undefined) touched.set(draft.parcelId, row);
    }
    for (const [parcelId, row] of touched) parcels.write(before.get(parcelId), row);
    return { sequence, hash: previousHash, caused, rows: [...touched.values()] };
  }

  /** @param alongside what belongs to these facts in the same transaction; told the last one's sequence. */
  function append(drafts: readonly FactDraft[], alongside: (lastSequence: number) => void = () => {}): void {
    const { sequence, hash, caused, rows } = write(drafts);
    alongside(sequence);
    end.run();
    lastSequence = sequence;
    lastHash = hash;
    for (const [parcelId, id] of caused) causes.set(parcelId, id);
    for (const row of rows) if (row.outcome !== null) causes.delete(row.parcelId);
  }

  /** Everything or nothing; throws what SQLite throws. */
  function transact(act: () => void): void {
    hook("before-commit");
    begin.run();
    try {
      act();
    } catch (error) {
      if (db.inTransaction) db.exec("ROLLBACK");
      throw error;
    }
    hook("after-commit");
  }

  const nextCarry = prepareCarry(db);
  const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  const acknowledge = db.prepare(
    "UPDATE log SET acknowledged_through = ?, durable_through = max(iif(?, 0, durable_through), ?)",
  );
  const announcements = draftAnnouncements(db);
  if (announcements.length > 0) transact(() => append(announcements, () => markAnnounced(db)));

  return {
    stationId,
    logId: log.logId,
    bootId,
    lastSequence: () => lastSequence,
    /** Facts and rows, durable when this returns. */
    commit(drafts: readonly FactDraft[]): void {
      if (drafts.length > 0) transact(() => append(drafts));
    },
    /** As a commit would write them, then taken back: nothing changed, no byte went to the disk. */
    rehearse(drafts: readonly FactDraft[]): void {
      begin.run();
      try {
        write(drafts);
      } finally {
        if (db.inTransaction) undo.run();
      }
      // What was taken back left SQLite's cache; the commit to come finds its pages there again.
      lastFact.get();
      for (const { parcelId } of drafts) if (parcelId !== null) parcels.read(parcelId);
    },
    isHandled: prepareHandled(db),
    upkeep: upkeep.readAll,
    openParcels: () => readOpenParcels(db, readOpenFloor(db)),
    recentParcels: (laneIds: readonly string[]) => readRecentParcels(db, laneIds),
    formerLogs: () => readFormerLogs(db),
    formerFacts: (logId: string, above: number, limit: number) => readFormerFacts(db, logId, above, limit),
    saveFormerReceived: (logId: string, position: CloudPosition) =>
      putOffWhenFull(() => saveFormerReceived(db, logId, position)),
    settleFormer: (logId: string, through: number) => putOffWhenFull(() => settleFormer(db, logId, through)),
    /** Takes the next stranded facts of former logs into this one. @returns whether there were any. */
    carryFormer(limit: number): boolean {
      const carry = nextCarry(limit);
      if (carry === null) return false;
      transact(() => append(carry.drafts, (sequence) => markCarried(db, carry, sequence)));
      return true;
    },
    /** One small step; see prune-facts.ts. @returns how many facts went. */
    prune: (runningMs: number, rules: PruneRules) => prune(runningMs, lastSequence, rules),
    /** The next few facts, checked from the log's start on; a reason when one is not what it was. */
    walk: (limit: number) => walk.walk(limit, sources.monotonicMs()),
    /** Has the walk reached the end once more? */
    walked: () => walk.isDone(),
    acknowledged: () => readAcknowledged(db),
    saveAcknowledged: ({ receivedThrough, durableThrough, isRestored = false }: CloudPosition) =>
      putOffWhenFull(() => acknowledge.run(receivedThrough, isRestored ? 1 : 0, durableThrough)),
    countOutcomes: () => countOutcomes(db),
    /** Moves the log's tail into the file; called when the line is quiet. The WAL keeps its size. */
    checkpoint: () => putOffWhenFull(() => checkpoint.get()),
    close: () => void db.close(),
  };
}

export const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "SQLITE_FULL";

/** For what comes again by itself: the next checkpoint, the cloud's next acknowledgement. */
function putOffWhenFull(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

export const systemSources = (): StoreSources => {
  const random = createRandomPool();
  return {
    nowMs: Date.now,
    monotonicMs: () => performance.now(),
    mintId: () => mintId({ nowMs: Date.now, randomBytes: random }),
  };
};

/** One call to the system for many ids: a call each would cost more than the rest of the fact's text. */
function createRandomPool(): (length: number) => Uint8Array {
  const pool = new Uint8Array(4096);
  let used = pool.length;
  return (length) => {
    if (used + length > pool.length) {
      randomFillSync(pool);
      used = 0;
    }
    used += length;
    return pool.subarray(used - length, used);
  };
}

function openLog(db: Sqlite, stationId: string, sources: StoreSources): { logId: string } {
  db.prepare("INSERT INTO log (one, station_id, log_id) VALUES (1, ?, ?) ON CONFLICT DO NOTHING").run(
    stationId,
    sources.mintId(),
  );
  const row = db.prepare("SELECT station_id AS stationId, log_id AS logId FROM log").get() as {
    stationId: string;
    logId: string;
  };
  return row;
}

const readHead = (db: Sqlite): { lastSequence: number; lastHash: string } => {
  const row = db
    .prepare("SELECT sequence, lower(hex(hash)) AS hash FROM facts ORDER BY sequence DESC LIMIT 1")
    .get() as { sequence: number; hash: string } | undefined;
  return { lastSequence: row?.sequence ?? 0, lastHash: row?.hash ?? genesisHash };
};

/** Below it an apparently open parcel only lost its end in a damaged file. */
const readOpenFloor = (db: Sqlite): number =>
  (db.prepare("SELECT max(open_above) FROM former_logs").pluck().get() as number | null) ??
  -Number.MAX_SAFE_INTEGER;

const readAcknowledged = (db: Sqlite): { receivedThrough: number; durableThrough: number } =>
  db
    .prepare("SELECT acknowledged_through AS receivedThrough, durable_through AS durableThrough FROM log")
    .get() as { receivedThrough: number; durableThrough: number };

/** Has another parcel used this order up? Those still under way are known to the lanes; those pruned left only the order. */
function prepareHandled(db: Sqlite): (orderId: string, exceptParcelId: string) => boolean {
  const statement = db
    .prepare("SELECT 1 FROM parcels WHERE handled_order = ? AND parcel_id <> ? LIMIT 1")
    .pluck();
  const pruned = db.prepare("SELECT 1 FROM handled_orders WHERE order_id = ?").pluck();
  return (orderId, exceptParcelId) =>
    statement.get(orderId, exceptParcelId) !== undefined || pruned.get(orderId) !== undefined;
}

function countOutcomes(db: Sqlite): Record<string, number> {
  const rows = db
    .prepare("SELECT coalesce(outcome, 'open') AS outcome, count(*) AS parcels FROM parcels GROUP BY 1")
    .all() as { outcome: string; parcels: number }[];
  return Object.fromEntries(rows.map(({ outcome, parcels }) => [outcome, parcels]));
}
