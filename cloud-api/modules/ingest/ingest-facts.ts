import {
  supportedWireVersions,
  type UploadFactsReply,
  type UploadFactsRequest,
  uploadFactsRequestSchema,
} from "@waystation/shared/wire/cloud-http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Transaction } from "kysely";
import { describeIssues } from "../../config/cloud-config.ts";
import type { Database } from "../../db/connect.ts";
import type { CloudTables } from "../../db/tables.ts";
import { foldParcels } from "./fold-parcels.ts";
import {
  advanceLogHead,
  insertFacts,
  type LogHead,
  lockLogHead,
  mergeParcels,
  raiseForkAlarm,
  readStoredHashes,
} from "./queries.ts";
import { type VerifiedFact, verifyFacts } from "./verify-facts.ts";

/**
 * Takes a batch exactly once by (station, log, sequence): facts, acknowledgement and parcels in one
 * transaction. What is already here with the same hash is fine; a gap names the fact expected next; another
 * hash, or a first fact that does not chain to the last one stored, is a fork and raises an alarm.
 */
export async function ingestFacts(
  database: Database,
  stationId: string,
  body: unknown,
): Promise<Result<UploadFactsReply>> {
  const request = parseUpload(body);
  if (!request.ok) return request;
  if (request.value.stationId !== stationId) return fail("access.forbidden");
  const facts = verifyFacts(request.value);
  if (!facts.ok) return facts;
  return database.kysely
    .transaction()
    .execute((tx) => storeBatch(tx, request.value, facts.value, database.durability === "commit"));
}

/** The version is looked at first: the rest of a newer request may have any shape. */
function parseUpload(body: unknown): Result<UploadFactsRequest> {
  const version =
    typeof body === "object" && body !== null && "wireVersion" in body ? body.wireVersion : undefined;
  if (typeof version === "number" && !supportedWireVersions.includes(version))
    return fail("request.wire-version", { supported: supportedWireVersions.join(", "), version });
  const parsed = uploadFactsRequestSchema.safeParse(body);
  return parsed.success
    ? succeed(parsed.data)
    : fail("request.invalid", { reason: describeIssues(parsed.error) });
}

async function storeBatch(
  tx: Transaction<CloudTables>,
  request: UploadFactsRequest,
  facts: readonly VerifiedFact[],
  durableAtCommit: boolean,
): Promise<Result<UploadFactsReply>> {
  const head = await lockLogHead(tx, request);
  const { logId } = request;
  const first = facts[0]?.stored.sequence ?? 0;
  if (first > head.receivedThrough + 1)
    return fail("facts.gap", { logId, expectedSequence: head.receivedThrough + 1 });

  const fork = await findFork(tx, request, facts, head);
  if (fork !== null) {
    // Committed although the batch is refused: the alarm is the point.
    await raiseForkAlarm(tx, request, fork.sequence, fork.stored, fork.offered);
    return fail("facts.forked", { logId, sequence: fork.sequence });
  }
  const fresh = facts.filter(({ stored }) => stored.sequence > head.receivedThrough);
  const last = fresh.at(-1);
  if (last === undefined)
    return succeed({ receivedThrough: head.receivedThrough, durableThrough: head.durableThrough });

  const receivedThrough = last.stored.sequence;
  const durableThrough = durableAtCommit ? receivedThrough : head.durableThrough;
  await insertFacts(tx, request, fresh);
  await mergeParcels(tx, request.stationId, foldParcels(fresh.map((fact) => fact.envelope)));
  await advanceLogHead(tx, request, receivedThrough, durableThrough, last.stored.hash);
  return succeed({ receivedThrough, durableThrough });
}

type Fork = { readonly sequence: number; readonly stored: string; readonly offered: string };

async function findFork(
  tx: Transaction<CloudTables>,
  request: UploadFactsRequest,
  facts: readonly VerifiedFact[],
  head: LogHead,
): Promise<Fork | null> {
  const known = facts.filter(({ stored }) => stored.sequence <= head.receivedThrough);
  const [firstKnown, lastKnown] = [known[0], known.at(-1)];
  if (firstKnown !== undefined && lastKnown !== undefined) {
    const hashes = await readStoredHashes(tx, request, firstKnown.stored.sequence, lastKnown.stored.sequence);
    const differing = known.find(({ stored }) => hashes.get(stored.sequence) !== stored.hash);
    if (differing === undefined) return null;
    const { sequence, hash } = differing.stored;
    return { sequence, stored: hashes.get(sequence) ?? "", offered: hash };
  }
  const next = facts[0];
  if (next === undefined || next.envelope.previousHash === head.lastHash) return null;
  return { sequence: next.stored.sequence, stored: head.lastHash, offered: next.envelope.previousHash };
}
