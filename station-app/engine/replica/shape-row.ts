import type { StationShape } from "@waystation/shared/wire/cloud-http";

/** A row as the shape protocol sends it: text or null; an update may bear only the key and what changed. */
export type ShapeRow = Readonly<Record<string, string | null>>;
export type ShapeChange = { readonly operation: "insert" | "update" | "delete"; readonly row: ShapeRow };
export type ShapePosition = { readonly handle: string | null; readonly offset: string };
export type ReplicatedShape = Exclude<StationShape, "acknowledgements">;
export type OrderPart = "orders" | "shipments";
export type SettingShape = "channels" | "sort_plans";

/** Hears of every row that could not be taken over, and of every one that could after all. */
export type RowListener = (shape: ReplicatedShape, key: string, valid: boolean) => void;

export const replicatedShapes: readonly ReplicatedShape[] = [
  "orders",
  "shipments",
  "releases",
  "channels",
  "sort_plans",
];

/** What an absent column keeps: the row as it was stored, if any. */
type Stored = { readonly number: number; readonly text: string } | undefined;
type Columns = { readonly number: string; readonly text: string };

/**
 * The two columns beside the key, with what an update did not send taken from the stored row. Undefined when the
 * row cannot be stored: no whole number, no text, or a value of another type than the protocol's.
 */
export function completeRow(
  row: ShapeRow,
  columns: Columns,
  readStored: () => Stored,
): { readonly number: number; readonly text: string } | undefined {
  const sentNumber: unknown = row[columns.number];
  const sentText: unknown = row[columns.text];
  const stored = sentNumber === undefined || sentText === undefined ? readStored() : undefined;
  const number = sentNumber === undefined ? (stored?.number ?? 0) : readWholeNumber(sentNumber);
  const text = sentText === undefined ? stored?.text : sentText;
  return number === undefined || typeof text !== "string" ? undefined : { number, text };
}

function readWholeNumber(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value);
}

export function readKey(row: ShapeRow, column: string): string | undefined {
  const key: unknown = row[column];
  return typeof key === "string" && key.length > 0 && key.length <= maxKeyLength ? key : undefined;
}

const maxKeyLength = 256;

/** Pieces small enough that the thread answers a label request between two of them; a huge row stands alone. */
export function* cutChanges(
  changes: readonly ShapeChange[],
  limits: { readonly rows: number; readonly characters: number },
): Generator<readonly ShapeChange[]> {
  let from = 0;
  let characters = 0;
  for (const [at, { row }] of changes.entries()) {
    const size = row.body?.length ?? 0;
    if (at > from && (at - from >= limits.rows || characters + size > limits.characters)) {
      yield changes.slice(from, at);
      from = at;
      characters = 0;
    }
    characters += size;
  }
  if (from < changes.length) yield changes.slice(from);
}
