import { hash } from "node:crypto";
import { type FactEnvelope, isFactEnvelope, type StoredFact } from "@waystation/shared/facts/envelope";
import type { FactBatch } from "@waystation/shared/wire/fact-batch";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";

export type VerifiedFact = { readonly stored: StoredFact; readonly envelope: FactEnvelope };

/**
 * Everything that can be known about a batch without the database: every hash is that of its text, every text
 * names the station, log and sequence it is sent under, and the chain inside the batch is unbroken.
 * Types and versions this cloud does not know are kept: the station may be newer.
 */
export function verifyFacts(request: FactBatch): Result<readonly VerifiedFact[]> {
  const verified: VerifiedFact[] = [];
  for (const stored of request.facts) {
    const fact = verifyFact(request, stored, verified.at(-1));
    if (!fact.ok) return fact;
    verified.push(fact.value);
  }
  return succeed(verified);
}

function verifyFact(
  request: FactBatch,
  stored: StoredFact,
  before: VerifiedFact | undefined,
): Result<VerifiedFact> {
  const { stationId, logId } = request;
  const corrupt = () => fail("facts.corrupt", { logId, sequence: stored.sequence });
  if (hash("sha256", stored.text, "hex") !== stored.hash) return corrupt();
  const envelope = parseEnvelope(stored.text);
  if (envelope === null)
    return fail("request.invalid", { reason: `fact ${stored.sequence} is not a fact envelope` });
  if (envelope.stationId !== stationId || envelope.logId !== logId || envelope.sequence !== stored.sequence)
    return fail("request.invalid", {
      reason: `fact ${stored.sequence} names another station, log or sequence`,
    });
  if (before === undefined) return succeed({ stored, envelope });
  if (stored.sequence !== before.stored.sequence + 1)
    return fail("request.invalid", {
      reason: `fact ${stored.sequence} does not follow ${before.stored.sequence}`,
    });
  return envelope.previousHash === before.stored.hash ? succeed({ stored, envelope }) : corrupt();
}

function parseEnvelope(text: string): FactEnvelope | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFactEnvelope(value) ? value : null;
  } catch {
    return null;
  }
}
