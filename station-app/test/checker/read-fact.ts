import { hash as digest } from "node:crypto";

/** A fact as a database holds it, and what its text says. */
export type Fact = {
  readonly logId: string;
  readonly sequence: number;
  readonly text: string;
  /** As stored beside the text: 64 hex digits. */
  readonly hash: string;
  /** The text has this hash, and names this station, log and sequence. */
  readonly isWhole: boolean;
  readonly stationId: string;
  /** Type and version: `parcel.judged.v1`; empty where the text is no fact. */
  readonly name: string;
  readonly lane: string | null;
  readonly parcelId: string | null;
  readonly occurredAt: string;
  readonly actorKind: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly previousHash: string;
};

export const noHash = "0".repeat(64);
export const sha256 = (text: string): string => digest("sha256", text);

/** @param place where the database says it belongs. */
export function readFact(
  place: { readonly stationId: string; readonly logId: string; readonly sequence: number },
  text: string,
  hash: string,
): Fact {
  const { logId, sequence } = place;
  const said = parseObject(text);
  const { lane, parcelId } = said;
  const isItself = said.stationId === place.stationId && said.logId === logId && said.sequence === sequence;
  return {
    ...{ logId, sequence, text, hash },
    isWhole: isItself && sha256(text) === hash,
    stationId: String(said.stationId),
    name: typeof said.type === "string" ? `${said.type}.v${String(said.version)}` : "",
    lane: typeof lane === "string" ? lane : null,
    parcelId: typeof parcelId === "string" ? parcelId : null,
    occurredAt: String(said.occurredAt),
    actorKind: String(asObject(said.actor).kind),
    payload: asObject(said.payload),
    previousHash: String(said.previousHash),
  };
}

/** A fact carried within another one in a single part; null where the parts, the text or its hash do not fit. */
export function unwrapFact(outer: Fact): Fact | null {
  const { formerLogId, sequence, hash, parts, text } = outer.payload;
  if (outer.name !== "fact.salvaged.v1" || parts !== 1 || typeof text !== "string") return null;
  const place = { stationId: outer.stationId, logId: String(formerLogId), sequence: Number(sequence) };
  const inner = readFact(place, text, String(hash));
  return inner.isWhole ? inner : null;
}

/** Every fact carried by others, put together from its parts; what lacks a part is left out. */
export function readCarried(facts: Iterable<Fact>): Fact[] {
  const parts = new Map<string, Fact[]>();
  for (const fact of facts) {
    if (fact.name !== "fact.salvaged.v1") continue;
    const key = `${String(fact.payload.formerLogId)} ${String(fact.payload.sequence)}`;
    parts.set(key, [...(parts.get(key) ?? []), fact]);
  }
  return [...parts.values()].flatMap((found) => {
    const ordered = found.toSorted((one, other) => Number(one.payload.part) - Number(other.payload.part));
    const [first] = ordered;
    if (first === undefined || ordered.length !== first.payload.parts) return [];
    const text = ordered.map(({ payload }) => String(payload.text)).join("");
    return unwrapFact({ ...first, payload: { ...first.payload, parts: 1, text } }) ?? [];
  });
}

export function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

const asObject = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
