import { finished } from "node:stream/promises";
import { CsvError, parse } from "csv-parse";
import { type Built, buildOrder } from "./build-order.ts";
import { matchColumns, type OrderField, type OrderRow, readRow } from "./order-columns.ts";

/** One order or one refusal, with the line of the file where it begins. `fatal` ends the file. */
export type OrderEntry =
  | { readonly kind: "order"; readonly line: number; readonly built: Built }
  | { readonly kind: "fatal"; readonly line: number; readonly reason: string };

/** Longest record, quoted line breaks included: an unclosed quotation mark must not swallow the file. */
const maxRecordBytes = 100_000;
export const maxItems = 50;

type Row = { readonly line: number; readonly cells: string[] };

/** Orders of a CSV text; rows with the order number of the row before are further items of that order. */
export async function* readCsvOrders(text: AsyncIterable<string>): AsyncGenerator<OrderEntry> {
  const rows = readRecords(text);
  let columns: (OrderField | null)[] | null = null;
  let group: { line: number; key: string; rows: OrderRow[] } | null = null;
  for await (const item of rows) {
    if ("fatal" in item) {
      if (group !== null) yield finishGroup(group);
      yield { kind: "fatal", line: item.line, reason: item.fatal };
      return;
    }
    if (item.cells.every((cell) => cell.trim() === "")) continue;
    if (columns === null) {
      columns = matchColumns(item.cells);
      const reason = describeMissingColumns(columns);
      if (reason === null) continue;
      yield { kind: "fatal", line: item.line, reason };
      return;
    }
    const row = readRow(columns, item.cells);
    const key = row.orderId ?? row.waybill ?? "";
    if (group !== null && key !== "" && group.key === key && group.rows.length <= maxItems) {
      group.rows.push(row);
      continue;
    }
    if (group !== null) yield finishGroup(group);
    group = { line: item.line, key, rows: [row] };
  }
  if (group !== null) yield finishGroup(group);
  if (columns === null) yield { kind: "fatal", line: 1, reason: "the file is empty" };
}

const finishGroup = (group: { line: number; rows: OrderRow[] }): OrderEntry => ({
  kind: "order",
  line: group.line,
  built: buildOrder(group.rows),
});

function describeMissingColumns(columns: readonly (OrderField | null)[]): string | null {
  const has = (...fields: OrderField[]): boolean => fields.some((field) => columns.includes(field));
  if (!has("orderId", "waybill"))
    return "no column for the order number or the waybill; the first line must name the columns";
  if (!has("channelCode")) return "no column for the channel";
  if (!has("country")) return "no column for the country";
  return has("weightGrams", "weightKilograms") ? null : "no column for the weight";
}

type RecordItem = Row | { readonly line: number; readonly fatal: string };

/**
 * Records are taken by the parser's own callback: read as a stream, those parsed before an error would be lost
 * with it. One chunk's records are held at a time.
 */
async function* readRecords(text: AsyncIterable<string>): AsyncGenerator<RecordItem> {
  const iterator = text[Symbol.asyncIterator]();
  const head = await readFirstLine(iterator);
  const rows: Row[] = [];
  let line = 1;
  let failure: Error | null = null;
  const parser = parse({
    delimiter: detectDelimiter(head),
    record_delimiter: "\n",
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: maxRecordBytes,
    on_record: (cells: string[], { lines }) => {
      rows.push({ line, cells });
      line = lines + 1;
      return null;
    },
  });
  parser.on("error", (error) => {
    failure = error;
  });
  parser.resume();
  for await (const piece of chainText(head, iterator)) {
    await new Promise<void>((resolve) => parser.write(piece, () => resolve()));
    yield* rows.splice(0);
    if (parser.destroyed) break;
  }
  if (!parser.destroyed) parser.end();
  await finished(parser).catch(() => undefined);
  yield* rows.splice(0);
  if (failure !== null) yield { line, fatal: describeCsvError(failure) };
}

function describeCsvError(error: Error): string {
  if (!(error instanceof CsvError)) throw error;
  const unclosed = error.code === "CSV_QUOTE_NOT_CLOSED" || error.code === "CSV_MAX_RECORD_SIZE";
  return unclosed
    ? "a quotation mark in this record is never closed, or the record is longer than 100 kB; nothing after it was read"
    : `the record cannot be read (${error.code}); nothing after it was read`;
}

async function readFirstLine(iterator: AsyncIterator<string>): Promise<string> {
  let head = "";
  while (!head.trimStart().includes("\n") && head.length < maxRecordBytes) {
    const next = await iterator.next();
    if (next.done === true) break;
    head += next.value;
  }
  return head;
}

async function* chainText(head: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  if (head !== "") yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    if (next.value !== "") yield next.value;
  }
}

/** The one of , ; and tab that the header has most of, quoted parts left out. */
export function detectDelimiter(head: string): "," | ";" | "\t" {
  const line = (head.trimStart().split("\n")[0] ?? "").replace(/"[^"]*"/g, "");
  const count = (sign: string): number => line.split(sign).length - 1;
  const best = ([",", ";", "\t"] as const).toSorted((one, other) => count(other) - count(one))[0];
  return best ?? ",";
}
