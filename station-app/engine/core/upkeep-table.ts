import type { FactDraft } from "@waystation/shared/facts/draft";
import {
  applyUpkeep,
  blankUpkeep,
  type UpkeepRecord,
  upkeepDeviceOf,
} from "@waystation/shared/session/upkeep";
import type { Sqlite } from "./open-database.ts";

type Row = Omit<UpkeepRecord, "zeroPassed"> & { readonly zeroPassed: number | null };

const columns = `device_id AS deviceId, calibration_due_on AS calibrationDueOn, certificate,
  zero_checked_at AS zeroCheckedAt, zero_passed AS zeroPassed`;
const fromRow = ({ zeroPassed, ...row }: Row): UpkeepRecord => ({
  ...row,
  zeroPassed: zeroPassed === null ? null : zeroPassed === 1,
});

/** One row per scale somebody looked after; like the parcels, a projection of the facts. */
export function prepareUpkeepTable(db: Sqlite) {
  const select = db.prepare(`SELECT ${columns} FROM upkeep WHERE device_id = ?`);
  const write = db.prepare(`INSERT OR REPLACE INTO upkeep
    (device_id, calibration_due_on, certificate, zero_checked_at, zero_passed)
    VALUES (@deviceId, @calibrationDueOn, @certificate, @zeroCheckedAt, @zeroPassed)`);
  return {
    /** Within the transaction of the fact. */
    take(fact: FactDraft, occurredAt: string): void {
      const deviceId = upkeepDeviceOf(fact);
      if (deviceId === null) return;
      const row = select.get(deviceId) as Row | undefined;
      const before = row === undefined ? blankUpkeep(deviceId) : fromRow(row);
      const { zeroPassed, ...after } = applyUpkeep(before, fact, occurredAt);
      write.run({ ...after, zeroPassed: zeroPassed === null ? null : Number(zeroPassed) });
    },
    readAll: (): readonly UpkeepRecord[] => readUpkeep(db),
  };
}

export const readUpkeep = (db: Sqlite): readonly UpkeepRecord[] =>
  (db.prepare(`SELECT ${columns} FROM upkeep ORDER BY device_id`).all() as Row[]).map(fromRow);
