import { z } from "zod";

/** Who made the fact: the engine by itself, a person, or a device. */
export const actorSchema = z.union([
  z.object({ kind: z.literal("engine") }),
  z.object({ kind: z.literal("operator"), id: z.string().min(1).max(64) }),
  z.object({ kind: z.literal("device"), id: z.string().min(1).max(64) }),
]);
export type Actor = z.infer<typeof actorSchema>;

/**
 * The stored text of a fact is the JSON of this object with the keys in exactly this order. The hash is
 * SHA-256 over that text as UTF-8, and `previousHash` chains it to the fact before: nothing can be changed,
 * removed or slipped in without breaking the chain. Later versions only add keys at the end.
 */
export const factEnvelopeSchema = z.object({
  stationId: z.string().min(1).max(64),
  logId: z.string().min(1).max(64),
  sequence: z.int().min(1),
  id: z.string().min(1).max(64),
  type: z.string().min(1).max(80),
  version: z.int().min(1),
  lane: z.string().max(64).nullable(),
  parcelId: z.string().max(64).nullable(),
  /** Id of the fact that led to this one. */
  causedBy: z.string().max(64).nullable(),
  /** Wall clock, ISO 8601 UTC with milliseconds: for display. Order is by sequence. */
  occurredAt: z.string(),
  bootId: z.string().min(1).max(64),
  /** Monotonic clock of that boot: durations survive a wall-clock step. */
  monotonicMs: z.int().min(0),
  actor: actorSchema,
  payload: z.record(z.string(), z.unknown()),
  previousHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type FactEnvelope = z.infer<typeof factEnvelopeSchema>;

/** 64 digits 0-9 a-f; by hand, since this is asked of every fact and a pattern takes five times as long. */
export function isHash(value: unknown): value is string {
  if (typeof value !== "string" || value.length !== 64) return false;
  for (let at = 0; at < 64; at += 1) {
    const code = value.charCodeAt(at);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}

const isText = (value: unknown, longest: number): boolean =>
  typeof value === "string" && value.length >= 1 && value.length <= longest;
const isTextOrNull = (value: unknown): boolean =>
  value === null || (typeof value === "string" && value.length <= 64);
const isCount = (value: unknown, least: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function isActor(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { kind, id } = value;
  return kind === "engine" || ((kind === "operator" || kind === "device") && isText(id, 64));
}

/**
 * Says the same as `factEnvelopeSchema`, which a property test holds it to, in a sixth of its time: the cloud asks it
 * of every fact of every station.
 */
export function isFactEnvelope(value: unknown): value is FactEnvelope {
  return (
    isObject(value) &&
    isText(value.stationId, 64) &&
    isText(value.logId, 64) &&
    isCount(value.sequence, 1) &&
    isText(value.id, 64) &&
    isText(value.type, 80) &&
    isCount(value.version, 1) &&
    isTextOrNull(value.lane) &&
    isTextOrNull(value.parcelId) &&
    isTextOrNull(value.causedBy) &&
    typeof value.occurredAt === "string" &&
    isText(value.bootId, 64) &&
    isCount(value.monotonicMs, 0) &&
    isActor(value.actor) &&
    isObject(value.payload) &&
    isHash(value.previousHash)
  );
}

/** What goes over the wire and into both databases: the text as it was hashed, and its hash. */
export const storedFactSchema = z.object({
  sequence: z.int().min(1),
  text: z.string().max(65_536),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type StoredFact = z.infer<typeof storedFactSchema>;

/** Before the first fact of a log. */
export const genesisHash = "0".repeat(64);
