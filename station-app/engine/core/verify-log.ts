import type { FactDraft } from "@waystation/shared/facts/draft";
import { factEnvelopeSchema, genesisHash } from "@waystation/shared/facts/envelope";
import {
  applyUpkeep,
  blankUpkeep,
  type UpkeepRecord,
  upkeepDeviceOf,
} from "@waystation/shared/session/upkeep";
import { hashText, readFactDraft } from "./fact-text.ts";
import { openReadOnly, type Sqlite } from "./open-database.ts";
import { readParcels } from "./parcel-table.ts";
import { type ParcelRow, projectFact } from "./project-parcel.ts";
import { readUpkeep } from "./upkeep-table.ts";

export type Verification =
  | { readonly ok: true; readonly logId: string; readonly facts: number; readonly parcels: number }
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

function verifyDatabase(db: Sqlite): Verification {
  const { logId, stationId } = db
    .prepare("SELECT log_id AS logId, station_id AS stationId FROM log")
    .get() as { logId: string; stationId: string };
  const rebuilt = new Map<string, ParcelRow>();
  const upkeep = new Map<string, UpkeepRecord>();
  let previousHash = genesisHash;
  let expected = 1;
  for (const row of db
    .prepare("SELECT sequence, text, lower(hex(hash)) AS hash FROM facts ORDER BY sequence")
    .iterate() as Iterable<{ sequence: number; text: string; hash: string }>) {
    const bad = (reason: string): Verification => ({
      ok: false,
      sequence: row.sequence,
      parcelId: null,
      reason,
    });
    if (row.sequence !== expected) return bad(`fact ${expected} is missing`);
    if (hashText(row.text) !== row.hash) return bad("the text does not match its hash");
    const envelope = factEnvelopeSchema.safeParse(parseJson(row.text));
    if (!envelope.success) return bad("the text is not a fact");
    const { data } = envelope;
    if (data.previousHash !== previousHash) return bad("the chain to the fact before is broken");
    if (data.sequence !== row.sequence || data.logId !== logId || data.stationId !== stationId)
      return bad("the text belongs to another place in a log");
    const draft = readFactDraft(data);
    projectInto(rebuilt, data.parcelId, draft, row.sequence);
    projectUpkeep(upkeep, draft, data.occurredAt);
    previousHash = row.hash;
    expected += 1;
  }
  return (
    compareParcels(db, rebuilt) ??
    compareUpkeep(db, upkeep) ?? { ok: true, logId, facts: expected - 1, parcels: rebuilt.size }
  );
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

function compareUpkeep(db: Sqlite, rebuilt: Map<string, UpkeepRecord>): Verification | undefined {
  const isEqual =
    JSON.stringify(hasTable(db, "upkeep") ? readUpkeep(db) : []) ===
    JSON.stringify([...rebuilt.values()].toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)));
  const reason = "what was done about the scales differs from its facts";
  return isEqual ? undefined : { ok: false, sequence: null, parcelId: null, reason };
}

/** A file the newest release has not opened yet lacks its newest tables. */
const hasTable = (db: Sqlite, name: string): boolean =>
  db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !== undefined;

function compareParcels(db: Sqlite, rebuilt: Map<string, ParcelRow>): Verification | undefined {
  const stored = readParcels(db, "1 = 1");
  for (const row of stored) {
    const twin = rebuilt.get(row.parcelId);
    if (twin === undefined || JSON.stringify(twin) !== JSON.stringify(row))
      return {
        ok: false,
        sequence: null,
        parcelId: row.parcelId,
        reason: "the parcel table differs from its facts",
      };
  }
  return stored.length === rebuilt.size
    ? undefined
    : { ok: false, sequence: null, parcelId: null, reason: "the parcel table misses parcels" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
