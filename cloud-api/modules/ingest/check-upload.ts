import { type Result, fail, succeed } from "@waystation/shared/failures/result";
import type { FactBatch } from "@waystation/shared/wire/fact-batch";
import { type ReadBody, unpackText } from "../../http/read-body.ts";
import type { LogFields } from "../../http/logger.ts";
import { describeBatch } from "./describe-batch.ts";
import { formatFactRows } from "./fact-rows.ts";
import { foldParcels, formatChanges, isKnownFact, nameOf } from "./fold-parcels.ts";
import { readUpload } from "./read-upload.ts";
import { storable } from "./storable.ts";
import { type VerifiedFact, verifyFacts } from "./verify-facts.ts";

/** What came from a station, not looked at yet. Plain data: it goes to the thread that checks. */
export type UploadToCheck = {
  readonly stationId: string;
  readonly contentType: string | undefined;
  readonly body: ReadBody;
  readonly plainBytes: number;
  /** First day of the month in which it came. */
  readonly month: string;
};

/** A fact that changes a parcel in a way this program does not know. */
export type UnknownFact = { readonly sequence: number; readonly parcel_id: string; readonly name: string };

/** A batch of which everything is known that can be known without the database, as the tables take it. */
export type CheckedBatch = {
  readonly logId: string;
  readonly firstSequence: number;
  /** The hash that the first fact names as the one before it. */
  readonly previousHash: string;
  /** One for each fact. */
  readonly hashes: readonly string[];
  readonly rows: Uint8Array<ArrayBuffer>;
  readonly changes: string | null;
  readonly unknown: readonly UnknownFact[];
  readonly forLog: LogFields;
};

/** Checks a batch; facts up to `above` are left out of what comes back. */
export type CheckUpload = (upload: UploadToCheck, above: number) => Promise<Result<CheckedBatch>>;

/**
 * Unpacks, reads and verifies an upload, and says it as the tables take it. Fails as unpackText, readUpload and
 * verifyFacts do, and with access.forbidden for facts of another station.
 */
export function checkUpload(upload: UploadToCheck, above: number): Result<CheckedBatch> {
  const text = unpackText(upload.body, upload.plainBytes);
  if (!text.ok) return text;
  const batch = readUpload(upload.contentType, text.value);
  if (!batch.ok) return batch;
  if (batch.value.stationId !== upload.stationId) return fail("access.forbidden");
  return checkBatch(batch.value, upload.month, above);
}

export function checkBatch(batch: FactBatch, month: string, above: number): Result<CheckedBatch> {
  const verified = verifyFacts(batch);
  if (!verified.ok) return verified;
  const facts = above < batch.firstSequence ? verified.value : verified.value.filter(isAbove(above));
  return succeed({
    logId: batch.logId,
    firstSequence: facts[0]?.stored.sequence ?? above + 1,
    previousHash: facts[0]?.envelope.previousHash ?? "",
    hashes: facts.map(({ stored }) => stored.hash),
    rows: formatFactRows(batch, month, facts),
    changes: formatChanges(foldParcels(facts.map(({ envelope }) => envelope))),
    unknown: facts.flatMap(noteUnknown),
    forLog: describeBatch(batch),
  });
}

const isAbove =
  (above: number) =>
  ({ stored }: VerifiedFact): boolean =>
    stored.sequence > above;

function noteUnknown({ stored: { sequence }, envelope }: VerifiedFact): UnknownFact[] {
  const { parcelId } = envelope;
  const name = nameOf(envelope);
  if (parcelId === null || isKnownFact(name)) return [];
  return [{ sequence, parcel_id: storable(parcelId), name: storable(name) }];
}

export const firstOfMonth = (date: Date): string => `${date.toISOString().slice(0, 7)}-01`;
