import type { FactBatch } from "@waystation/shared/wire/fact-batch";
import type { LogFields } from "../../http/logger.ts";

const namedParcels = 10;

/** A batch for the log: which facts of which log, and the first parcels they are about. */
export function describeBatch({ logId, firstSequence, facts }: FactBatch): LogFields {
  const parcels = new Set<string>();
  for (const { text } of facts) {
    if (parcels.size >= namedParcels) break;
    // The texts are not verified yet: what is no plain id is left out.
    const parcelId = /"parcelId":"([A-Za-z0-9._:-]{1,64})"/.exec(text)?.[1];
    if (parcelId !== undefined) parcels.add(parcelId);
  }
  const log = /^[\w.-]{1,64}$/.test(logId) ? logId : "ill-formed";
  return { log, firstSequence, facts: facts.length, parcels: [...parcels] };
}
