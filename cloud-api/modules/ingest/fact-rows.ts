import { formatCopyRow, isPlainForCopy } from "../../db/copy-rows.ts";
import { unwrapSalvaged } from "./fold-parcels.ts";
import { isStorable, storable } from "./storable.ts";
import type { VerifiedFact } from "./verify-facts.ts";

export type LogKey = { readonly stationId: string; readonly logId: string };

export const factColumns = [
  ...["station_id", "log_id", "month", "sequence", "text", "hash", "type", "version"],
  ...["lane", "parcel_id", "occurred_at"],
];

/** Facts as COPY reads them: the exact texts, and beside them the columns derived from what was verified. */
export function formatFactRows(
  { stationId, logId }: LogKey,
  month: string,
  facts: readonly VerifiedFact[],
): Uint8Array<ArrayBuffer> {
  const start = formatCopyRow([stationId, logId, month]);
  const rows = facts.map(
    (fact) => `${start}\t${isPlain(fact) ? formatPlain(fact) : formatCopyRow(readColumns(fact))}\n`,
  );
  return new TextEncoder().encode(rows.join(""));
}

/**
 * Nearly every text is one in which JSON had nothing to escape. Then no value in it holds anything that COPY or
 * PostgreSQL's text would need a closer look at, so that the text alone is looked through and not every column.
 */
const isPlain = ({ stored: { text } }: VerifiedFact): boolean => isPlainForCopy(text) && text.isWellFormed();

function formatPlain({ stored: { sequence, text, hash }, envelope }: VerifiedFact): string {
  const { type, version, lane, occurredAt } = envelope;
  const { parcelId } = unwrapSalvaged(envelope);
  return `${sequence}\t${text}\t${hash}\t${type}\t${version}\t${lane ?? "\\N"}\t${parcelId ?? "\\N"}\t${occurredAt}`;
}

function readColumns({ stored, envelope }: VerifiedFact): (string | number | null)[] {
  const { sequence, text, hash } = stored;
  const { type, version, lane, occurredAt } = envelope;
  const { parcelId } = unwrapSalvaged(envelope);
  if (isStorable(text)) return [sequence, text, hash, type, version, lane, parcelId, occurredAt];
  const orNull = (value: string | null) => (value === null ? null : storable(value));
  return [
    ...[sequence, text, hash, storable(type), version],
    ...[orNull(lane), orNull(parcelId), storable(occurredAt)],
  ];
}
