import type { CandidateOrder } from "@waystation/shared/decision/judge";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { type Channel, channelSchema } from "@waystation/shared/model/channel";
import type { Order, Shipment } from "@waystation/shared/model/order";
import { type SortPlan, sortPlanSchema } from "@waystation/shared/model/sort-plan";
import { openReadOnly } from "./open-database.ts";

type FoundRow = { orderId: string; revision: number; body: string; labelKind: Shipment["label"]["kind"] };
export type FoundOrder = Omit<CandidateOrder, "handledBefore">;
export type OrderLookup = ReturnType<typeof openOrderLookup>;

/** The plus hides the value from the query planner, which would otherwise plan this join anew for each one: ten times the cost of the lookup. */
export const orderByIdentifier = `
  SELECT o.order_id AS orderId, o.revision, o.body, o.label_kind AS labelKind
  FROM identifiers i JOIN orders o ON o.order_id = i.order_id WHERE i.value = +? LIMIT 3`;

/** Reads what the replica wrote; bodies were checked when they came in, so they are only parsed here. */
export function openOrderLookup(path: string, rejectChute: number) {
  const db = openReadOnly(path);
  const byIdentifier = db.prepare(orderByIdentifier);
  const channels = new Map<string, Channel>();
  let sortPlan = emptyPlan(rejectChute);

  function reload(): void {
    channels.clear();
    for (const { body } of db.prepare("SELECT body FROM channels").all() as { body: string }[]) {
      const channel = channelSchema.parse(JSON.parse(body));
      channels.set(channel.code, channel);
    }
    const plan = db.prepare("SELECT body FROM sort_plans ORDER BY plan_id LIMIT 1").pluck().get();
    sortPlan = typeof plan === "string" ? sortPlanSchema.parse(JSON.parse(plan)) : emptyPlan(rejectChute);
  }
  reload();

  /** The scanned text itself first, for that is one index probe; its other readings, surest first, only while nothing was found. */
  function findByBarcode(barcode: string): FoundRow[] {
    const direct = byIdentifier.all(barcode) as FoundRow[];
    if (direct.length > 0) return direct;
    for (const key of identifiersFor(barcode)) {
      const found = byIdentifier.all(key) as FoundRow[];
      if (found.length > 0) return found;
    }
    return [];
  }

  return {
    reload,
    find(barcodes: readonly string[]): FoundOrder[] {
      const found = new Map<string, FoundOrder>();
      for (const barcode of barcodes)
        for (const { orderId, revision, body, labelKind } of findByBarcode(barcode))
          if (!found.has(orderId))
            found.set(orderId, { order: JSON.parse(body) as Order, revision, label: labelKind });
      return [...found.values()];
    },
    findChannel: (code: string) => channels.get(code),
    sortPlan: () => sortPlan,
    close: () => void db.close(),
  };
}

/** Nothing is known yet: every parcel goes to the reject chute. */
const emptyPlan = (rejectChute: number): SortPlan => ({ planId: "none", version: 1, rows: [], rejectChute });
