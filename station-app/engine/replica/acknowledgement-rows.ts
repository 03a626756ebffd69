import type { ShapeChange } from "./shape-row.ts";

/** How far the cloud has one log of this station. */
export type Acknowledgement = {
  readonly logId: string;
  readonly receivedThrough: number;
  readonly durableThrough: number;
};

export type AcknowledgementListener = {
  readonly onAcknowledged: (acknowledgement: Acknowledgement) => void;
  /** All rows, when they have just been fetched from the beginning. */
  readonly onAcknowledgements: (rows: readonly Acknowledgement[]) => void;
};

/**
 * The acknowledgements of one stream, which always begins anew. What comes before it is up to date is a snapshot and
 * may be older than what follows it, so it is told as a whole or not at all.
 */
export function createAcknowledgementRows(listener: AcknowledgementListener) {
  const rows = new Map<string, Acknowledgement>();
  let isComplete = false;
  return (
    changes: readonly ShapeChange[],
    { restarts, isUpToDate }: { restarts: boolean; isUpToDate: boolean },
  ) => {
    if (restarts) {
      rows.clear();
      isComplete = false;
    }
    for (const change of changes) {
      const row = apply(rows, change);
      if (row !== null && isComplete) listener.onAcknowledged(row);
    }
    if (!isUpToDate || isComplete) return;
    isComplete = true;
    listener.onAcknowledgements([...rows.values()]);
  };
}

/** The row as it is now; null when it went or cannot be read. */
function apply(rows: Map<string, Acknowledgement>, { operation, row }: ShapeChange): Acknowledgement | null {
  const { log_id: logId, received_through: received, durable_through: durable } = row;
  if (logId == null) return null;
  if (operation === "delete") {
    rows.delete(logId);
    return null;
  }
  // An update may bear only what changed.
  const before = rows.get(logId);
  const receivedThrough = Number(received ?? before?.receivedThrough);
  const durableThrough = Number(durable ?? before?.durableThrough);
  if (!Number.isSafeInteger(receivedThrough) || !Number.isSafeInteger(durableThrough)) return null;
  const known = { logId, receivedThrough, durableThrough };
  rows.set(logId, known);
  return known;
}
