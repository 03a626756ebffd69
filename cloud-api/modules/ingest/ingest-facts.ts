import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { UploadFactsReply } from "@waystation/shared/wire/cloud-http";
import type { FactBatch } from "@waystation/shared/wire/fact-batch";
import type { Transaction } from "kysely";
import type { Copy } from "../../db/bulk.ts";
import type { Database } from "../../db/connect.ts";
import type { CloudTables } from "../../db/tables.ts";
import type { StationPrincipal } from "../access/principal.ts";
import { factColumns, formatFactRows } from "./fact-rows.ts";
import { foldParcels, isKnownFact, nameOf, type ParcelChange } from "./fold-parcels.ts";
import {
  addFactMonth,
  isMonthMissing,
  type LogHead,
  lockLogHead,
  mergeAndAdvance,
  raiseForkAlarm,
  readStoredHashes,
  rememberUnknownFacts,
} from "./queries.ts";
import { type VerifiedFact, verifyFacts } from "./verify-facts.ts";

/**
 * Takes a batch exactly once by (station, log, sequence): facts, acknowledgement and parcels in one
 * transaction. What is already here with the same hash is fine; a gap names the fact expected next; another
 * hash, or a first fact that does not chain to the last one stored, is a fork and raises an alarm. The database is
 * not touched until `before` is over: the station's batch before this one may still be at work.
 */
export async function ingestFacts(
  database: Database,
  station: StationPrincipal,
  batch: FactBatch,
  before: Promise<void> = Promise.resolve(),
): Promise<Result<UploadFactsReply>> {
  if (batch.stationId !== station.stationId) return fail("access.forbidden");
  const facts = verifyFacts(batch);
  if (!facts.ok) return facts;
  const month = firstOfMonth(new Date());
  // Before the transaction: nobody waits for a lock, or for the embedded database's one session, meanwhile.
  const upload = { station, batch, month, prepared: prepareFacts(batch, month, facts.value) };
  await before;
  const durableAtCommit = database.durability === "commit";
  const store = () => database.bulk((tx, copy) => storeBatch(tx, copy, upload, durableAtCommit));
  try {
    return await store();
  } catch (error) {
    // The months ahead are made by the daily upkeep; this is for a cloud that slept over a turn of the month.
    if (!isMonthMissing(error)) throw error;
    await addFactMonth(database.kysely, month);
    return store();
  }
}

const firstOfMonth = (date: Date): string => `${date.toISOString().slice(0, 7)}-01`;

type Upload = {
  readonly station: StationPrincipal;
  readonly batch: FactBatch;
  readonly month: string;
  readonly prepared: PreparedFacts;
};

/** Verified facts as the tables take them. */
type PreparedFacts = {
  readonly facts: readonly VerifiedFact[];
  readonly rows: readonly string[];
  readonly changes: readonly ParcelChange[];
};

const prepareFacts = (batch: FactBatch, month: string, facts: readonly VerifiedFact[]): PreparedFacts => ({
  facts,
  rows: formatFactRows(batch, month, facts),
  changes: foldParcels(facts.map(({ envelope }) => envelope)),
});

async function storeBatch(
  tx: Transaction<CloudTables>,
  copy: Copy,
  { station, batch, month, prepared }: Upload,
  durableAtCommit: boolean,
): Promise<Result<UploadFactsReply>> {
  const head = await lockLogHead(tx, batch);
  const { logId } = batch;
  if (batch.firstSequence > head.receivedThrough + 1)
    return fail("facts.gap", { logId, expectedSequence: head.receivedThrough + 1 });

  const fork = await findFork(tx, batch, prepared.facts, head);
  if (fork !== null) {
    // Committed although the batch is refused: the alarm is the point.
    await raiseForkAlarm(tx, batch, fork.sequence, fork.stored, fork.offered);
    return fail("facts.forked", { logId, sequence: fork.sequence });
  }
  const fresh = prepared.facts.filter(({ stored }) => stored.sequence > head.receivedThrough);
  const last = fresh.at(-1);
  if (last === undefined)
    return succeed({ receivedThrough: head.receivedThrough, durableThrough: head.durableThrough });

  const receivedThrough = last.stored.sequence;
  const durableThrough = durableAtCommit ? receivedThrough : head.durableThrough;
  const isWhole = fresh.length === prepared.facts.length;
  const { rows, changes } = isWhole ? prepared : prepareFacts(batch, month, fresh);
  await copy("facts", factColumns, rows);
  await rememberUnknownFacts(
    tx,
    batch,
    fresh.filter(({ envelope }) => !isKnownFact(nameOf(envelope))),
  );
  await mergeAndAdvance(tx, station, changes, {
    logId,
    receivedThrough,
    durableThrough,
    lastHash: last.stored.hash,
  });
  return succeed({ receivedThrough, durableThrough });
}

type Fork = { readonly sequence: number; readonly stored: string; readonly offered: string };

async function findFork(
  tx: Transaction<CloudTables>,
  batch: FactBatch,
  facts: readonly VerifiedFact[],
  head: LogHead,
): Promise<Fork | null> {
  const known = facts.filter(({ stored }) => stored.sequence <= head.receivedThrough);
  const [firstKnown, lastKnown] = [known[0], known.at(-1)];
  if (firstKnown !== undefined && lastKnown !== undefined) {
    const hashes = await readStoredHashes(tx, batch, firstKnown.stored.sequence, lastKnown.stored.sequence);
    const differing = known.find(({ stored }) => hashes.get(stored.sequence) !== stored.hash);
    if (differing === undefined) return null;
    const { sequence, hash } = differing.stored;
    return { sequence, stored: hashes.get(sequence) ?? "", offered: hash };
  }
  const next = facts[0];
  if (next === undefined || next.envelope.previousHash === head.lastHash) return null;
  return { sequence: next.stored.sequence, stored: head.lastHash, offered: next.envelope.previousHash };
}
