import { existsSync } from "node:fs";
import { factEnvelopeSchema } from "@waystation/shared/facts/envelope";
import { joinFactName, type FactName, type FactPayload } from "@waystation/shared/facts/catalog";
import { openReadOnly, type Sqlite } from "../../engine/core/open-database.ts";

/** One fact as the invariants look at it; its payload is only known once it was asked for by its name. */
export type LoggedFact = {
  readonly sequence: number;
  readonly name: string;
  readonly lane: string | null;
  readonly parcelId: string | null;
  readonly payload: Readonly<Record<string, unknown>>;
};

export function readLog(path: string): {
  readonly texts: readonly string[];
  readonly facts: readonly LoggedFact[];
} {
  const texts = readFrom(
    path,
    [],
    (db) => db.prepare("SELECT text FROM facts ORDER BY sequence").pluck().all() as string[],
  );
  return { texts, facts: texts.map(parseFact) };
}

function parseFact(text: string): LoggedFact {
  const { sequence, type, version, lane, parcelId, payload } = factEnvelopeSchema.parse(JSON.parse(text));
  return { sequence, name: joinFactName(type, version), lane, parcelId, payload };
}

export const factsNamed = <N extends FactName>(facts: readonly LoggedFact[], name: N) =>
  facts.filter((fact): fact is LoggedFact & { readonly payload: FactPayload<N> } => fact.name === name);

export type OpenParcelRow = {
  readonly parcelId: string;
  readonly lane: string;
  readonly orderId: string | null;
  readonly outcome: string | null;
  readonly label: string | null;
  readonly divert: string | null;
};

/** Parcels whose fate is not yet known, seen from outside while the engine runs. */
export const readOpen = (path: string): readonly OpenParcelRow[] =>
  readFrom(path, [], (db) => {
    const columns = "parcel_id AS parcelId, lane, order_id AS orderId, outcome, label, divert";
    return db
      .prepare(`SELECT ${columns} FROM parcels WHERE outcome IS NULL OR label = 'requested'`)
      .all() as OpenParcelRow[];
  });

export const countEnded = (path: string, lane: string): number =>
  readFrom(path, 0, (db) =>
    Number(
      db.prepare("SELECT count(*) FROM parcels WHERE lane = ? AND outcome IS NOT NULL").pluck().get(lane),
    ),
  );

/** Nothing while the file or its tables are not there yet. */
function readFrom<T>(path: string, nothing: T, read: (db: Sqlite) => T): T {
  if (!existsSync(path)) return nothing;
  const db = openReadOnly(path);
  try {
    const tables = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'parcels'").pluck().get();
    return tables === 1 ? read(db) : nothing;
  } finally {
    db.close();
  }
}
