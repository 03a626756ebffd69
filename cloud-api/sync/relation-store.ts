import { type Kysely, sql } from "kysely";
import { captureTable } from "./capture-schema.ts";
import {
  describeRelations,
  findRelation,
  readFingerprints,
  type Relation,
  type TableName,
} from "./relation.ts";

export type KnownRelation = { readonly relation: Relation; readonly epoch: string };

/** The tables that are followed, with the epochs of their logs. */
export type RelationStore = {
  /** As it is now; captured from now on if it was not. Null: no such table. */
  readonly load: (name: TableName) => Promise<KnownRelation | null>;
  /** As it was at most `maximumAgeMs` ago. */
  readonly recall: (name: TableName, maximumAgeMs: number) => Promise<KnownRelation | null>;
  /** Looks at these again and answers which began a new epoch, or are gone. */
  readonly check: (oids: readonly string[]) => Promise<readonly string[]>;
  readonly known: () => readonly string[];
  readonly isCurrent: (known: KnownRelation) => boolean;
};

/** Tables remembered; more are looked up again. */
const maximumKnown = 2000;

export function createRelationStore(db: Kysely<unknown>): RelationStore {
  const byName = new Map<string, KnownRelation & { at: number }>();
  const byOid = new Map<string, KnownRelation>();
  /** Null for a table that is gone. */
  const epochs = new Map<string, string | null>();
  const nameOf = ({ schema, table }: TableName): string => JSON.stringify([schema, table]);

  async function load(name: TableName): Promise<KnownRelation | null> {
    const found = await findRelation(db, name.schema, name.table);
    if (found === null) {
      byName.delete(nameOf(name));
      return null;
    }
    const known = await register(db, found);
    remember(known);
    return known;
  }

  function remember(known: KnownRelation): void {
    const name = nameOf(known.relation);
    byName.delete(name);
    byName.set(name, { ...known, at: Date.now() });
    byOid.set(known.relation.oid, known);
    epochs.set(known.relation.oid, known.epoch);
    for (const [oldest, { relation }] of byName) {
      if (byName.size <= maximumKnown) break;
      byName.delete(oldest);
      byOid.delete(relation.oid);
    }
  }

  async function recall(name: TableName, maximumAgeMs: number): Promise<KnownRelation | null> {
    const known = byName.get(nameOf(name));
    if (known === undefined || maximumAgeMs < 0) return load(name);
    if (Date.now() - known.at <= maximumAgeMs) return known;
    // Asking whether it changed takes half as long as describing it anew.
    await check([known.relation.oid]);
    return byName.get(nameOf(name)) ?? load(name);
  }

  async function check(oids: readonly string[]): Promise<readonly string[]> {
    const known = oids.flatMap((oid) => byOid.get(oid) ?? []);
    if (known.length === 0) return [];
    const fingerprints = await readFingerprints(
      db,
      known.map(({ relation }) => relation.oid),
    );
    const isUnchanged = ({ relation }: KnownRelation) =>
      fingerprints.get(relation.oid) === relation.fingerprint;
    for (const unchanged of known.filter(isUnchanged)) {
      const named = byName.get(nameOf(unchanged.relation));
      if (named?.relation.oid === unchanged.relation.oid) named.at = Date.now();
    }
    const looked = known.filter((one) => !isUnchanged(one));
    const present = await describeRelations(
      db,
      looked.map(({ relation }) => relation.oid),
    );
    const changed: string[] = [];
    for (const before of looked) {
      const { oid } = before.relation;
      const now = present.find((relation) => relation.oid === oid);
      const isSame = now !== undefined && nameOf(now) === nameOf(before.relation);
      const known = isSame ? await register(db, now) : null;
      if (known === null) {
        byOid.delete(oid);
        epochs.set(oid, null);
        byName.delete(nameOf(before.relation));
      } else remember(known);
      if (known?.epoch !== before.epoch) changed.push(oid);
    }
    return changed;
  }

  const isCurrent = ({ relation, epoch }: KnownRelation): boolean => epochs.get(relation.oid) === epoch;
  return { load, recall, check, isCurrent, known: () => [...byOid.keys()] };
}

/** Waiting longer would hold up every writer of the table, who queue behind us. */
const captureLockMs = 3000;

/** Writes the table down, captures it if need be, and begins a new epoch where rows begin to look different. */
async function register(db: Kysely<unknown>, relation: Relation): Promise<KnownRelation> {
  const { rows } = await sql<{ signature: string; epoch: string; name: string }>`
    select signature, epoch, schema_name || '.' || table_name as name
    from waystation_shapes.relations where relation = ${relation.oid}::text::oid`.execute(db);
  const [stored] = rows;
  const isSame =
    stored?.signature === relation.signature && stored.name === `${relation.schema}.${relation.table}`;
  if (isSame && relation.captured) return { relation, epoch: stored.epoch };
  return db.transaction().execute(async (tx) => {
    await sql`select set_config('lock_timeout', ${`${captureLockMs}ms`}, true)`.execute(tx);
    // Several requests, and several clouds, may see the table for the first time at once.
    await sql`select pg_advisory_xact_lock(${registerLock}, ${relation.oid}::text::oid::int8::bit(32)::int4)`.execute(
      tx,
    );
    const [now] = await describeRelations(tx, [relation.oid]);
    const wasCaptured = now?.captured === true;
    if (!wasCaptured) await captureTable(tx, relation.schema, relation.table);
    const written = await sql<{ epoch: string }>`
      insert into waystation_shapes.relations as known (relation, schema_name, table_name, signature)
      values (${relation.oid}::text::oid, ${relation.schema}, ${relation.table}, ${relation.signature})
      on conflict (relation) do update set schema_name = excluded.schema_name, table_name = excluded.table_name,
        signature = excluded.signature, epoch = case
          when ${wasCaptured}::boolean and known.signature = excluded.signature
            and known.schema_name = excluded.schema_name and known.table_name = excluded.table_name
          then known.epoch else gen_random_uuid()::text end
      returning epoch`.execute(tx);
    return { relation: { ...relation, captured: true }, epoch: written.rows[0]?.epoch ?? "" };
  });
}

const registerLock = 728395;
