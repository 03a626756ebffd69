import type { CandidateOrder } from "@waystation/shared/decision/judge";
import { describeCause } from "@waystation/shared/failures/result";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { type Channel, channelSchema } from "@waystation/shared/model/channel";
import type { Order, Shipment } from "@waystation/shared/model/order";
import { type SortPlan, sortPlanSchema } from "@waystation/shared/model/sort-plan";
import { isDamage } from "./database-damage.ts";
import { openReadOnly } from "./open-database.ts";

type FoundRow = { orderId: string; revision: number; body: string; labelKind: Shipment["label"]["kind"] };
export type FoundOrder = Omit<CandidateOrder, "handledBefore">;
export type OrderLookup = ReturnType<typeof openOrderLookup>;

/** The plus hides the value from the query planner, which would otherwise plan this join anew for each one: ten times the cost of the lookup. */
export const orderByIdentifier = `
  SELECT o.order_id AS orderId, o.revision, o.body, o.label_kind AS labelKind
  FROM identifiers i JOIN orders o ON o.order_id = i.order_id WHERE i.value = +? LIMIT 3`;

const tellEveryMs = 5000;

/**
 * Reads what the replica wrote; bodies were checked when they came in, so they are only parsed here. The file may be
 * damaged: what cannot be read is as if it were not there, and is told, though not for every parcel.
 */
export function openOrderLookup(
  path: string,
  rejectChute: number,
  onDamage: (path: string, reason: string) => void = () => undefined,
) {
  let file = openFile(path);
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const channels = new Map<string, Channel>();
  let sortPlan = emptyPlan(rejectChute);

  function readOr<T>(otherwise: T, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!isDamage(error) && !(error instanceof SyntaxError)) throw error;
      if (performance.now() - toldAtMs > tellEveryMs) {
        toldAtMs = performance.now();
        onDamage(file.path, describeCause(error));
      }
      return otherwise;
    }
  }

  /** A setting that can no longer be read stays as it was last known. */
  function reload(): void {
    const read = readOr(null, () => readSettings(file.db));
    if (read === null) return;
    channels.clear();
    for (const channel of read.channels) channels.set(channel.code, channel);
    sortPlan = read.plan ?? emptyPlan(rejectChute);
  }
  reload();

  /** The scanned text itself first, for that is one index probe; its other readings, surest first, only while nothing was found. */
  function findByBarcode(barcode: string): FoundOrder[] {
    const direct = readByIdentifier(barcode);
    if (direct.length > 0) return direct;
    for (const key of identifiersFor(barcode)) {
      const found = readByIdentifier(key);
      if (found.length > 0) return found;
    }
    return [];
  }

  function readByIdentifier(value: string): FoundOrder[] {
    return readOr([], () =>
      (file.byIdentifier().all(value) as FoundRow[]).map(({ orderId, revision, body, labelKind }) => {
        const order = JSON.parse(body) as Order;
        if (order.orderId !== orderId) throw new SyntaxError("an order lies in another one's place");
        return { order, revision, label: labelKind };
      }),
    );
  }

  return {
    reload,
    path: () => file.path,
    /** Goes over to another file; the former one stays in use when that cannot be opened. */
    reopen(nextPath: string): boolean {
      const next = readOr(null, () => openFile(nextPath));
      if (next === null) return false;
      file.db.close();
      file = next;
      reload();
      return true;
    },
    find(barcodes: readonly string[]): FoundOrder[] {
      const found = new Map<string, FoundOrder>();
      for (const barcode of barcodes)
        for (const order of findByBarcode(barcode))
          if (!found.has(order.order.orderId)) found.set(order.order.orderId, order);
      return [...found.values()];
    },
    findChannel: (code: string) => channels.get(code),
    sortPlan: () => sortPlan,
    close: () => void file.db.close(),
  };
}

/** Prepared at its first use, so that a file that cannot answer does not keep the station from starting. */
function openFile(path: string) {
  const db = openReadOnly(path);
  let statement: ReturnType<typeof db.prepare> | undefined;
  return { path, db, byIdentifier: () => (statement ??= db.prepare(orderByIdentifier)) };
}

function readSettings(db: ReturnType<typeof openReadOnly>) {
  const bodies = db.prepare("SELECT body FROM channels").pluck().all() as string[];
  const plan = db.prepare("SELECT body FROM sort_plans ORDER BY plan_id LIMIT 1").pluck().get();
  return {
    channels: bodies.map((body) => parseSetting(channelSchema, body)),
    plan: typeof plan === "string" ? parseSetting(sortPlanSchema, plan) : undefined,
  };
}

function parseSetting<T>(
  schema: { readonly safeParse: (value: unknown) => { readonly data?: T | undefined } },
  body: string,
): T {
  const { data } = schema.safeParse(JSON.parse(body));
  if (data === undefined) throw new SyntaxError("a channel or sort plan is not what the cloud sent");
  return data;
}

/** Nothing is known yet: every parcel goes to the reject chute. */
const emptyPlan = (rejectChute: number): SortPlan => ({ planId: "none", version: 1, rows: [], rejectChute });
