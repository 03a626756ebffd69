import type { FactDraft } from "@waystation/shared/facts/draft";
import { type FactEnvelope, factEnvelopeSchema, genesisHash } from "@waystation/shared/facts/envelope";
import {
  applyUpkeep,
  blankUpkeep,
  type UpkeepRecord,
  upkeepDeviceOf,
} from "@waystation/shared/session/upkeep";
import { hashText, readFactDraft } from "./fact-text.ts";
import { type FormerLog, readFormerLogs } from "./former-logs.ts";
import { openReadOnly, type Sqlite } from "./open-database.ts";
import { readParcels } from "./parcel-table.ts";
import { type ParcelRow, projectFact } from "./project-parcel.ts";
import { readUpkeep } from "./upkeep-table.ts";

export type Verification =
  | {
      readonly ok: true;
      readonly logId: string;
      readonly facts: number;
      readonly parcels: number;
      /** Deleted here, for the cloud holds them for good; the chain is verified from there. */
      readonly prunedThrough?: number;
      /** Saved from damaged files. */
      readonly formerLogs?: readonly FormerLog[];
    }
  | {
      readonly ok: false;
      readonly sequence: number | null;
      readonly parcelId: string | null;
      readonly reason: string;
    };

/** Reads the whole log once: every text gives its hash, every fact names the one before, and the parcel table is what the facts say. */
export function verifyFacts(path: string): Verification {
  const db = openReadOnly(path);
  try {
    // One snapshot: the engine may be at work, and facts and parcels must be of the same moment.
    return db.transaction(() => verifyDatabase(db))();
  } finally {
    db.close();
  }
}

type Bad = Extract<Verification, { readonly ok: false }>;
type Rebuilt = {
  readonly parcels: Map<string, ParcelRow>;
  readonly upkeep: Map<string, UpkeepRecord>;
};
type Row = { readonly sequence: number; readonly text: string; readonly hash: string };

function verifyDatabase(db: Sqlite): Verification {
  const {
    log_id: logId,
    station_id: stationId,
    ...log
  } = db.prepare("SELECT * FROM log").get() as {
    log_id: string;
    station_id: string;
    pruned_through?: number;
    pruned_hash?: Buffer | null;
  };
  const prunedThrough = log.pruned_through ?? 0;
  const rebuilt: Rebuilt = { parcels: new Map(), upkeep: new Map() };
  const formerLogs = hasTable(db, "former_logs") ? readFormerLogs(db) : [];
  const salvaged = hasTable(db, "salvaged") ? rebuildSalvaged(db, rebuilt) : { facts: 0, bad: null };
  if (salvaged.bad !== null) return salvaged.bad;
  let before = { sequence: prunedThrough, hash: log.pruned_hash?.toString("hex") ?? genesisHash };
  let facts = 0;
  for (const row of readRows(db, "facts", "sequence")) {
    const bad = (reason: string): Bad => ({ ok: false, sequence: row.sequence, parcelId: null, reason });
    const isPruned = row.sequence <= prunedThrough;
    if (!isPruned && row.sequence !== before.sequence + 1)
      return bad(`fact ${before.sequence + 1} is missing`);
    const envelope = readEnvelope(row);
    if (typeof envelope === "string") return bad(envelope);
    if (!isPruned && envelope.previousHash !== before.hash)
      return bad("the chain to the fact before is broken");
    if (envelope.sequence !== row.sequence || envelope.logId !== logId || envelope.stationId !== stationId)
      return bad("the text belongs to another place in a log");
    project(rebuilt, envelope, row.sequence);
    if (!isPruned) before = row;
    facts += 1;
  }
  const from = { facts: prunedThrough, salvaged: salvaged.facts < countReadable(formerLogs) };
  return (
    compareParcels(db, rebuilt.parcels, prunedThrough) ??
    (from.salvaged ? undefined : compareUpkeep(db, rebuilt.upkeep)) ?? {
      ok: true,
      logId,
      facts,
      parcels: rebuilt.parcels.size,
      ...(prunedThrough > 0 ? { prunedThrough } : {}),
      ...(formerLogs.length > 0 ? { formerLogs } : {}),
    }
  );
}

const countReadable = (logs: readonly FormerLog[]): number =>
  logs.reduce((sum, { readableFacts }) => sum + readableFacts, 0);

const readRows = (db: Sqlite, table: string, key: string): Iterable<Row> =>
  db
    .prepare(`SELECT ${key} AS sequence, text, lower(hex(hash)) AS hash FROM ${table} ORDER BY ${key}`)
    .iterate() as Iterable<Row>;

function readEnvelope({ text, hash }: Row): FactEnvelope | string {
  if (hashText(text) !== hash) return "the text does not match its hash";
  const envelope = factEnvelopeSchema.safeParse(parseJson(text));
  return envelope.success ? envelope.data : "the text is not a fact";
}

/** Facts of former logs have holes by nature: each is proved by its own hash. */
function rebuildSalvaged(db: Sqlite, rebuilt: Rebuilt): { readonly facts: number; readonly bad: Bad | null } {
  let facts = 0;
  for (const row of readRows(db, "salvaged", "number")) {
    const envelope = readEnvelope(row);
    if (typeof envelope === "string")
      return { facts, bad: { ok: false, sequence: null, parcelId: null, reason: `salvaged: ${envelope}` } };
    project(rebuilt, envelope, row.sequence);
    facts += 1;
  }
  return { facts, bad: null };
}

function project(rebuilt: Rebuilt, envelope: FactEnvelope, sequence: number): void {
  const draft = readFactDraft(envelope);
  projectInto(rebuilt.parcels, envelope.parcelId, draft, sequence);
  projectUpkeep(rebuilt.upkeep, draft, envelope.occurredAt);
}

function projectInto(
  rebuilt: Map<string, ParcelRow>,
  parcelId: string | null,
  draft: ReturnType<typeof readFactDraft>,
  sequence: number,
): void {
  if (parcelId === null) return;
  const row = projectFact(rebuilt.get(parcelId), draft, sequence);
  if (row !== undefined) rebuilt.set(parcelId, row);
}

function projectUpkeep(rebuilt: Map<string, UpkeepRecord>, draft: FactDraft, occurredAt: string): void {
  const deviceId = upkeepDeviceOf(draft);
  if (deviceId === null) return;
  rebuilt.set(deviceId, applyUpkeep(rebuilt.get(deviceId) ?? blankUpkeep(deviceId), draft, occurredAt));
}

function compareUpkeep(db: Sqlite, rebuilt: Map<string, UpkeepRecord>): Bad | undefined {
  const isEqual =
    JSON.stringify(hasTable(db, "upkeep") ? readUpkeep(db) : []) ===
    JSON.stringify([...rebuilt.values()].toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)));
  const reason = "what was done about the scales differs from its facts";
  return isEqual ? undefined : { ok: false, sequence: null, parcelId: null, reason };
}

/** A file the newest release has not opened yet lacks its newest tables. */
const hasTable = (db: Sqlite, name: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;

/** A parcel whose first facts were pruned cannot be rebuilt any more; everything that can be must be equal. */
function compareParcels(db: Sqlite, rebuilt: Map<string, ParcelRow>, prunedThrough: number): Bad | undefined {
  const firstSalvaged = hasTable(db, "salvaged")
    ? (db.prepare("SELECT min(number) FROM salvaged").pluck().get() as number | null)
    : null;
  const isCut = ({ firstSequence }: ParcelRow): boolean =>
    firstSequence < 0 ? firstSequence < (firstSalvaged ?? 0) : firstSequence <= prunedThrough;
  const stored = readParcels(db, "1 = 1");
  const known = new Set<string>();
  for (const row of stored) {
    known.add(row.parcelId);
    const twin = rebuilt.get(row.parcelId);
    if (!isCut(row) && (twin === undefined || JSON.stringify(twin) !== JSON.stringify(row)))
      return {
        ok: false,
        sequence: null,
        parcelId: row.parcelId,
        reason: "the parcel table differs from its facts",
      };
  }
  const isMissing = [...rebuilt.keys()].some((parcelId) => !known.has(parcelId));
  return isMissing
    ? { ok: false, sequence: null, parcelId: null, reason: "the parcel table misses parcels" }
    : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
