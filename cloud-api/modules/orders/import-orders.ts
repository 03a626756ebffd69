import type { ImportReply } from "@waystation/shared/wire/cloud-http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Database } from "../../db/connect.ts";
import type { Order } from "@waystation/shared/model/order";
import { decodeText } from "./decode-text.ts";
import { readCsvOrders } from "./read-csv.ts";
import { readJsonOrders } from "./read-json.ts";
import { readLabelSource } from "./read-label.ts";
import { type OrderOwner, type OrderParts, saveOrders } from "./save-orders.ts";

export type ImportOptions = {
  readonly format: "csv" | "json";
  readonly owner: OrderOwner;
  /** Folder of the orders file: label files named in it are read below this folder only. */
  readonly labelFolder?: string;
};

type Tally = {
  read: number;
  imported: number;
  unchanged: number;
  rejectedCount: number;
  rejected: { line: number; reason: string }[];
};

const batchOrders = 500;
/** Labels make orders large: a batch ends early when it holds this much. */
const batchCharacters = 8_000_000;
const listedRejections = 1000;

/**
 * Reads orders from a stream of bytes and writes them in batches, each in one transaction. Memory stays at one
 * batch however long the file is. A bad row is listed with its line and the rest goes on. Fails with
 * orders.file-invalid only when not a single row could be understood as one, for example without a header.
 */
export async function importOrders(
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
  deps: { readonly database: Database },
): Promise<Result<ImportReply>> {
  const text = decodeText(source);
  const entries = options.format === "csv" ? readCsvOrders(text) : readJsonOrders(text);
  const tally: Tally = { read: 0, imported: 0, unchanged: 0, rejectedCount: 0, rejected: [] };
  let batch: OrderParts[] = [];
  let characters = 0;
  for await (const entry of entries) {
    if (entry.kind === "fatal") {
      if (tally.read === 0)
        return fail("orders.file-invalid", { reason: `line ${entry.line}: ${entry.reason}` });
      reject(tally, entry.line, entry.reason);
      continue;
    }
    tally.read += 1;
    if (!entry.built.ok) {
      reject(tally, entry.line, entry.built.reason);
      continue;
    }
    const { order, label: labelSource } = entry.built.draft;
    if (!isStorable(order)) {
      reject(
        tally,
        entry.line,
        "a text holds a character that cannot be stored (U+0000 or half a surrogate pair)",
      );
      continue;
    }
    const label = await readLabelSource(labelSource, options.labelFolder);
    if (!label.ok) {
      reject(tally, entry.line, label.reason);
      continue;
    }
    batch.push({ line: entry.line, order, label: label.label });
    characters += "base64" in label.label ? label.label.base64.length : 1000;
    if (batch.length < batchOrders && characters < batchCharacters) continue;
    await saveBatch(deps.database, options.owner, batch, tally);
    batch = [];
    characters = 0;
  }
  await saveBatch(deps.database, options.owner, batch, tally);
  tally.rejected.sort((one, other) => one.line - other.line);
  return succeed(tally);
}

async function saveBatch(
  database: Database,
  owner: OrderOwner,
  batch: readonly OrderParts[],
  tally: Tally,
): Promise<void> {
  if (batch.length === 0) return;
  const saved = await database.kysely.transaction().execute((tx) => saveOrders(tx, owner, batch));
  tally.imported += saved.imported;
  tally.unchanged += saved.unchanged;
  for (const { line, reason } of saved.rejected) reject(tally, line, reason);
}

/** JSON.stringify writes both as escapes. */
const isStorable = (order: Order): boolean => !/\\u(0000|d[89a-f])/.test(JSON.stringify(order));

function reject(tally: Tally, line: number, reason: string): void {
  tally.rejectedCount += 1;
  if (tally.rejected.length < listedRejections) tally.rejected.push({ line, reason });
}
