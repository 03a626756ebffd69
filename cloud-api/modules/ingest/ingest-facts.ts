import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { UploadFactsReply } from "@waystation/shared/wire/cloud-http";
import type { FactBatch } from "@waystation/shared/wire/fact-batch";
import type { Transaction } from "kysely";
import type { Copy } from "../../db/bulk.ts";
import type { Database } from "../../db/connect.ts";
import type { CloudTables } from "../../db/tables.ts";
import type { StationPrincipal } from "../access/principal.ts";
import { type CheckedBatch, checkBatch, firstOfMonth } from "./check-upload.ts";
import { factColumns } from "./fact-rows.ts";
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

/** The station's batch without the facts up to `above`. */
export type Check = (above: number) => Promise<Result<CheckedBatch>> | Result<CheckedBatch>;

/** Facts that are here already, as a test or a tool has them. */
export async function ingestFacts(
  database: Database,
  station: StationPrincipal,
  batch: FactBatch,
): Promise<Result<UploadFactsReply>> {
  if (batch.stationId !== station.stationId) return fail("access.forbidden");
  const month = firstOfMonth(new Date());
  const check = (above: number) => checkBatch(batch, month, above);
  const checked = check(0);
  return checked.ok ? storeChecked(database, { station, month, checked: checked.value, check }) : checked;
}

export type Upload = {
  readonly station: StationPrincipal;
  readonly month: string;
  readonly checked: CheckedBatch;
  /** Once more, for a batch of which a part is here already. */
  readonly check: Check;
};

/**
 * Takes a batch exactly once by (station, log, sequence): facts, acknowledgement and parcels in one
 * transaction. What is already here with the same hash is fine; a gap names the fact expected next; another
 * hash, or a first fact that does not chain to the last one stored, is a fork and raises an alarm.
 */
export async function storeChecked(database: Database, upload: Upload): Promise<Result<UploadFactsReply>> {
  const durableAtCommit = database.durability === "commit";
  const store = () => database.bulk((tx, copy) => storeBatch(tx, copy, upload, durableAtCommit));
  try {
    return await store();
  } catch (error) {
    // The months ahead are made by the daily upkeep; this is for a cloud that slept over a turn of the month.
    if (!isMonthMissing(error)) throw error;
    await addFactMonth(database.kysely, upload.month);
    return store();
  }
}

async function storeBatch(
  tx: Transaction<CloudTables>,
  copy: Copy,
  { station, checked, check }: Upload,
  durableAtCommit: boolean,
): Promise<Result<UploadFactsReply>> {
  const { logId, firstSequence } = checked;
  const key = { stationId: station.stationId, logId };
  const head = await lockLogHead(tx, key);
  if (firstSequence > head.receivedThrough + 1)
    return fail("facts.gap", { logId, expectedSequence: head.receivedThrough + 1 });

  const fork = await findFork(tx, key, checked, head);
  if (fork !== null) {
    // Committed although the batch is refused: the alarm is the point.
    await raiseForkAlarm(tx, key, fork.sequence, fork.stored, fork.offered);
    return fail("facts.forked", { logId, sequence: fork.sequence });
  }
  const last = firstSequence + checked.hashes.length - 1;
  if (last <= head.receivedThrough)
    return succeed({ receivedThrough: head.receivedThrough, durableThrough: head.durableThrough });

  const fresh = firstSequence > head.receivedThrough ? succeed(checked) : await check(head.receivedThrough);
  if (!fresh.ok) return fresh;
  const { rows, changes, unknown, hashes } = fresh.value;
  const durableThrough = durableAtCommit ? last : head.durableThrough;
  await copy("facts", factColumns, rows);
  await rememberUnknownFacts(tx, key, unknown);
  await mergeAndAdvance(tx, station, changes, {
    logId,
    receivedThrough: last,
    durableThrough,
    lastHash: hashes.at(-1) ?? "",
  });
  return succeed({ receivedThrough: last, durableThrough });
}

type Fork = { readonly sequence: number; readonly stored: string; readonly offered: string };

async function findFork(
  tx: Transaction<CloudTables>,
  key: { readonly stationId: string; readonly logId: string },
  { firstSequence, previousHash, hashes }: CheckedBatch,
  { receivedThrough, lastHash }: LogHead,
): Promise<Fork | null> {
  if (firstSequence > receivedThrough)
    return previousHash === lastHash
      ? null
      : { sequence: firstSequence, stored: lastHash, offered: previousHash };
  const last = Math.min(receivedThrough, firstSequence + hashes.length - 1);
  const stored = await readStoredHashes(tx, key, firstSequence, last);
  for (let sequence = firstSequence; sequence <= last; sequence += 1) {
    const offered = hashes[sequence - firstSequence] ?? "";
    if (stored.get(sequence) !== offered) return { sequence, stored: stored.get(sequence) ?? "", offered };
  }
  return null;
}
