import { hash } from "node:crypto";
import { type FactName, factCatalog, joinFactName } from "@waystation/shared/facts/catalog";
import { type FactEnvelope, isFactEnvelope } from "@waystation/shared/facts/envelope";
import { isStorable, storableValue } from "./storable.ts";

/** What a batch says about one parcel; undefined fields say nothing and leave the stored value alone. */
export type ParcelChange = {
  parcel_id: string;
  lane?: string | null;
  barcode?: string;
  weight_grams?: number;
  length_millimetres?: number;
  width_millimetres?: number;
  height_millimetres?: number;
  order_id?: string | null;
  channel_code?: string | null;
  verdict?: string;
  outcome?: string;
  reasons?: unknown;
  chute?: number | null;
  label_state?: string;
  divert_state?: string;
  fact_count: number;
  first_occurred_at: string;
  last_occurred_at: string;
  last_fact: string;
};

/** Folds facts, in the order of their log, into one change per parcel. Facts this cloud does not know only count. */
export function foldParcels(facts: readonly FactEnvelope[]): ParcelChange[] {
  const changes = new Map<string, ParcelChange>();
  for (const offered of facts) {
    const fact = unwrapSalvaged(offered);
    if (fact.parcelId === null) continue;
    const name = nameOf(fact);
    const change = changes.get(fact.parcelId) ?? beginChange(fact.parcelId, fact.occurredAt);
    changes.set(fact.parcelId, change);
    if (fact.lane !== null) change.lane = fact.lane;
    Object.assign(change, readChange(name, fact.payload));
    change.fact_count += 1;
    change.last_occurred_at = fact.occurredAt;
    change.last_fact = name;
  }
  return [...changes.values()];
}

/** As PostgreSQL's jsonb takes them; null: there are none. */
export function formatChanges(changes: readonly ParcelChange[]): string | null {
  if (changes.length === 0) return null;
  const json = JSON.stringify(changes);
  return isStorable(json) ? json : JSON.stringify(storableValue(changes));
}

const beginChange = (parcelId: string, occurredAt: string): ParcelChange => ({
  parcel_id: parcelId,
  fact_count: 0,
  first_occurred_at: occurredAt,
  last_occurred_at: occurredAt,
  last_fact: "",
});

/**
 * A fact that a station saved out of a damaged log says of its parcel what it always said. One that came in several
 * parts, or whose text is not its hash's, stays as it is.
 */
export function unwrapSalvaged(fact: FactEnvelope): FactEnvelope {
  if (fact.type !== "fact.salvaged" || fact.version !== 1) return fact;
  const salvaged = factCatalog["fact.salvaged.v1"].safeParse(fact.payload);
  if (!salvaged.success || salvaged.data.parts !== 1) return fact;
  const { text, hash: expected } = salvaged.data;
  const inner = hash("sha256", text, "hex") === expected ? parseJson(text) : null;
  return isFactEnvelope(inner) && inner.stationId === fact.stationId ? inner : fact;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

type Change = Omit<Partial<ParcelChange>, "parcel_id">;
type Reader = (payload: Record<string, unknown>) => Change;

function readChange(name: string, payload: Record<string, unknown>): Change {
  if (!isKnownFact(name)) return {};
  const reader = readers[name];
  // A payload that breaks its own schema stays in the log for an investigation and changes no parcel.
  return reader !== undefined && factCatalog[name].safeParse(payload).success ? reader(payload) : {};
}

export const nameOf = ({ type, version }: FactEnvelope): string => joinFactName(type, version);

export const isKnownFact = (name: string): name is FactName => Object.hasOwn(factCatalog, name);

/** @param names columns, and what the payload calls them; gone through for every fact. */
function pick(names: Readonly<Record<string, string>>): Reader {
  const entries = Object.entries(names);
  return (payload) => {
    const change: Record<string, unknown> = {};
    for (const [column, key] of entries) change[column] = payload[key];
    return change;
  };
}

const readers: Partial<Record<FactName, Reader>> = {
  "parcel.scanned.v1": pick({ barcode: "data" }),
  "parcel.weighed.v1": pick({ weight_grams: "weightGrams" }),
  "parcel.measured.v1": pick({
    length_millimetres: "lengthMillimetres",
    width_millimetres: "widthMillimetres",
    height_millimetres: "heightMillimetres",
  }),
  "parcel.judged.v1": pick({
    verdict: "verdict",
    reasons: "reasons",
    chute: "chute",
    order_id: "orderId",
    channel_code: "channelCode",
  }),
  "label.requested.v1": () => ({ label_state: "requested" }),
  "label.printed.v1": () => ({ label_state: "printed" }),
  "label.failed.v1": () => ({ label_state: "failed" }),
  "label.unknown.v1": () => ({ label_state: "unknown" }),
  "label.resolved.v1": (payload) => ({ label_state: payload.printed === true ? "printed" : "failed" }),
  "divert.requested.v1": () => ({ divert_state: "requested" }),
  "divert.confirmed.v1": ({ chute }) => ({ divert_state: "confirmed", chute: chute as number }),
  "divert.failed.v1": () => ({ divert_state: "failed" }),
  "divert.unknown.v1": () => ({ divert_state: "unknown" }),
  "parcel.ended.v1": pick({ outcome: "outcome", reasons: "reasons", chute: "chute" }),
};
