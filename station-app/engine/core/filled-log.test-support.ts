import { closeSync, copyFileSync, existsSync, openSync, writeSync } from "node:fs";
import type { FactDraft } from "@waystation/shared/facts/draft";
import Database from "better-sqlite3";
import { saveIdentity } from "./salvage.ts";
import { openStore, systemSources } from "./store.ts";

export const stationId = "station-1";
export const sources = systemSources();

const engine = { kind: "engine" } as const;
export const draft = (name: string, parcelId: string | null, payload: object): FactDraft =>
  ({ name, lane: "belt", parcelId, actor: engine, payload }) as FactDraft;

export const judged = (number: number, reasons: readonly object[] = []) => ({
  verdict: "accepted",
  reasons,
  chute: 3,
  orderId: `order-${number}`,
  orderRevision: 1,
  channelCode: "PKT",
  channelVersion: 3,
  sortPlanId: "main",
  sortPlanVersion: 7,
  weightGrams: 210,
});

/** Parcels as a belt makes them; every ninth has a text too long for one page. */
export function parcelFacts(number: number): FactDraft[] {
  const parcelId = `parcel-${number}`;
  const filler = number % 9 === 0 ? "x".repeat(500) : `WS${number}`;
  const reasons =
    number % 9 === 0
      ? Array.from({ length: 12 }, () => ({ code: "order.unknown" as const, details: { barcode: filler } }))
      : [];
  return [
    draft("parcel.inducted.v1", parcelId, { parcelIndex: number, trigger: "sorter" }),
    draft("parcel.scanned.v1", parcelId, {
      data: `WS Ä${number} 包裹`,
      symbology: "code128",
      deviceId: "dws",
      boundBy: "index",
    }),
    draft("parcel.judged.v1", parcelId, judged(number, reasons)),
    draft("parcel.ended.v1", parcelId, { outcome: "accepted", reasons: [], chute: 3 }),
  ];
}

/** facts.db with so many parcels, as an engine leaves it that died. */
export function fill(path: string, parcels: number, checkpointEvery = 50): void {
  const store = openStore(path, stationId, sources);
  saveIdentity(path, { stationId, logId: store.logId });
  for (let number = 1; number <= parcels; number += 1) {
    for (const fact of parcelFacts(number)) store.commit([fact]);
    if (number % checkpointEvery === 0) store.checkpoint();
  }
  // Dies as it is: a clean end would move the write-ahead log into the file.
  for (const end of ["", "-wal"])
    if (existsSync(`${path}${end}`)) copyFileSync(`${path}${end}`, `${path}${end}.kept`);
  store.close();
  for (const end of ["", "-wal"])
    if (existsSync(`${path}${end}.kept`)) copyFileSync(`${path}${end}.kept`, `${path}${end}`);
}

export function overwrite(file: string, at: number, bytes: Buffer): void {
  const fd = openSync(file, "r+");
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

export function sqlDamage(path: string, ...statements: readonly string[]): void {
  const db = new Database(path);
  // Without it the bytes of what was deleted stay, and the salvage finds them.
  db.pragma("secure_delete = ON");
  for (const statement of statements) db.exec(statement);
  db.close();
}
