import type { Statement } from "better-sqlite3";
import type { Sqlite } from "./open-database.ts";
import type { ParcelRow } from "./project-parcel.ts";

/** Column by property: the one list from which reading, writing and comparing follow. */
const columns: Readonly<Record<keyof ParcelRow, string>> = {
  parcelId: "parcel_id",
  lane: "lane",
  parcelIndex: "parcel_index",
  firstSequence: "first_sequence",
  lastSequence: "last_sequence",
  barcode: "barcode",
  weightGrams: "weight_grams",
  size: "size",
  orderId: "order_id",
  handledOrder: "handled_order",
  verdict: "verdict",
  outcome: "outcome",
  chute: "chute",
  label: "label",
  labelJob: "label_job",
  divert: "divert",
  divertCommand: "divert_command",
};

const selected = Object.entries(columns)
  .map(([property, column]) => `${column} AS ${property}`)
  .join(", ");
const properties = Object.keys(columns) as (keyof ParcelRow)[];
const names = Object.values(columns).join(", ");
const values = properties.map((property) => `@${property}`).join(", ");

export function prepareReadParcel(db: Sqlite): (parcelId: string) => ParcelRow | undefined {
  const select = db.prepare(`SELECT ${selected} FROM parcels WHERE parcel_id = ?`);
  return (parcelId) => select.get(parcelId) as ParcelRow | undefined;
}

/** Writes only the columns that changed: an index whose columns are not named stays untouched, and so does its page. */
export function prepareParcelTable(db: Sqlite) {
  const insert = db.prepare(`INSERT INTO parcels (${names}) VALUES (${values})`);
  // The sets of columns that change together are as few as the facts of the catalogue.
  const updates = new Map<string, Statement>();

  function prepareUpdate(changed: readonly (keyof ParcelRow)[]): Statement {
    const key = changed.join();
    const known = updates.get(key);
    if (known !== undefined) return known;
    const assignments = changed.map((property) => `${columns[property]} = @${property}`).join(", ");
    const update = db.prepare(`UPDATE parcels SET ${assignments} WHERE parcel_id = @parcelId`);
    updates.set(key, update);
    return update;
  }

  return {
    read: prepareReadParcel(db),
    write(before: ParcelRow | undefined, row: ParcelRow): void {
      if (before === undefined) insert.run(row);
      else prepareUpdate(properties.filter((property) => before[property] !== row[property])).run(row);
    },
  };
}

export const readParcels = (db: Sqlite, where: string): ParcelRow[] =>
  db.prepare(`SELECT ${selected} FROM parcels WHERE ${where}`).all() as ParcelRow[];
