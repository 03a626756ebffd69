import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Order, orderSchema } from "@waystation/shared/model/order";
import { openReadOnly, type Sqlite } from "../../engine/core/open-database.ts";
import { locateOrders } from "../../engine/replica/order-files.ts";

/** The station's two files, looked at from outside while the engine runs. */
export function openStationFiles(dataDir: string) {
  const open = (path: string): Sqlite | null => (existsSync(path) ? openReadOnly(path) : null);
  const orders = open(locateOrders(join(dataDir, "orders.db")));
  const facts = open(join(dataDir, "facts.db"));
  return {
    countOrders: (): number => Number(orders?.prepare("SELECT count(*) FROM orders").pluck().get() ?? 0),
    /** Orders that no parcel has been played for yet, in the order of their waybills. */
    readUnplayed(limit: number): Order[] {
      const seen = new Set(
        facts?.prepare("SELECT barcode FROM parcels WHERE barcode IS NOT NULL").pluck().all() as
          | string[]
          | undefined,
      );
      const fresh: Order[] = [];
      for (const body of (orders?.prepare("SELECT body FROM orders").pluck().iterate() ??
        []) as Iterable<string>) {
        const order = orderSchema.parse(JSON.parse(body));
        if (!seen.has(order.waybill)) fresh.push(order);
      }
      return fresh.sort((a, b) => (a.waybill < b.waybill ? -1 : 1)).slice(0, limit);
    },
    lastSequence: (): number =>
      Number(facts?.prepare("SELECT coalesce(max(sequence), 0) FROM facts").pluck().get() ?? 0),
    /** The highest belt index ever used: the next run goes on from there. */
    lastIndex: (): number =>
      Number(facts?.prepare("SELECT coalesce(max(parcel_index), 0) FROM parcels").pluck().get() ?? 0),
    /** Parcels by outcome; `open` are still under way. */
    countOutcomes(): Record<string, number> {
      const rows = facts
        ?.prepare("SELECT coalesce(outcome, 'open') AS outcome, count(*) AS parcels FROM parcels GROUP BY 1")
        .all() as { outcome: string; parcels: number }[] | undefined;
      return Object.fromEntries((rows ?? []).map(({ outcome, parcels }) => [outcome, parcels]));
    },
    countFacts: (type: string): number =>
      Number(facts?.prepare("SELECT count(*) FROM facts WHERE text ->> 'type' = ?").pluck().get(type) ?? 0),
    close(): void {
      orders?.close();
      facts?.close();
    },
  };
}
export type StationFiles = ReturnType<typeof openStationFiles>;
