import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import type { UploadFactsRequest } from "@waystation/shared/wire/cloud-http";
import { factBatchContentType, factBatchLimits, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import { follows, type ReadLogFacts } from "../core/former-logs.ts";

const compress = promisify(gzip);

export type PackRequest = {
  readonly stationId: string;
  readonly logId: string;
  readonly above: number;
  /** Before compression: that is what the cloud bounds. One fact always goes. */
  readonly limitBytes: number;
  /** Of the wire: 1 or newer. */
  readonly version: number;
};

/** A batch ready to be sent. */
export type PackedFacts = Pick<PackRequest, "logId" | "above" | "version"> & {
  readonly first: number;
  readonly last: number;
  readonly count: number;
  readonly sizeBytes: number;
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
};

/** So that large facts are not read by the thousand only to be left out. */
const factsPerRead = 100;
/** Hash, blank and end of line; what JSON adds in version 1 is of that order. */
const overheadBytes = 66;
/** Repeats are near in a log of facts: higher levels gain a twentieth and cost twice the time. */
const compression = { level: 3 } as const;

/** The next facts of a log as they go over the wire, bounded by count and size; null when there are none. */
export async function packFacts(request: PackRequest, read: ReadLogFacts): Promise<PackedFacts | null> {
  const facts = collectFacts(request, read);
  const [first, last] = [facts[0], facts.at(-1)];
  if (first === undefined || last === undefined) return null;
  const { logId, above, version } = request;
  const text = write(request, facts, first.sequence);
  const packed = await compress(text, compression);
  return {
    logId,
    above,
    version,
    first: first.sequence,
    last: last.sequence,
    count: facts.length,
    sizeBytes: Buffer.byteLength(text),
    contentType: version === 1 ? "application/json" : factBatchContentType,
    // A buffer of its own, which can be handed to another thread.
    body: new Uint8Array(packed),
  };
}

function collectFacts({ logId, above, limitBytes }: PackRequest, read: ReadLogFacts): StoredFact[] {
  const facts: StoredFact[] = [];
  let size = 0;
  let from = above;
  while (facts.length < factBatchLimits.facts) {
    const limit = Math.min(factsPerRead, factBatchLimits.facts - facts.length);
    const found = read(logId, from, limit);
    for (const fact of found) {
      size += Buffer.byteLength(fact.text) + overheadBytes;
      const isFirst = facts.length === 0;
      if (!isFirst && (size > limitBytes || !follows(fact, facts.at(-1)))) return facts;
      facts.push(fact);
      from = fact.sequence;
    }
    if (found.length < limit) break;
  }
  return facts;
}

function write(
  { version, stationId, logId }: PackRequest,
  facts: readonly StoredFact[],
  firstSequence: number,
): string {
  if (version > 1) return writeFactBatch({ wireVersion: version, stationId, logId, firstSequence }, facts);
  const request: UploadFactsRequest = { wireVersion: 1, stationId, logId, facts: [...facts] };
  return JSON.stringify(request);
}
