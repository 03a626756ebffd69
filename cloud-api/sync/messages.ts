import type { LogEntry } from "./log-entries.ts";
import type { EntryMatch } from "./match-entries.ts";
import type { RowValues } from "./record-text.ts";
import { type Column, formatKey } from "./relation.ts";
import type { ShapeDefinition } from "./shape-definition.ts";

/** A change as a client reads it; whether it is its transaction's last is known only with the next one. */
export type ShapeMessage = {
  readonly number: number;
  readonly place: number;
  readonly key: string;
  readonly value: Readonly<Record<string, string | null>>;
  readonly oldValue: Readonly<Record<string, string | null>> | null;
  readonly headers: Readonly<Record<string, unknown>>;
};

const pick = (columns: readonly Column[], values: RowValues): Record<string, string | null> =>
  Object.fromEntries(columns.map(({ name, index }) => [name, values[index] ?? null]));

/** None where the change does not touch the shape; two where the row's key changed. */
export function describeEntry(
  definition: ShapeDefinition,
  entry: LogEntry,
  match: EntryMatch,
): ShapeMessage[] {
  if (match.before && match.after) return describeUpdate(definition, entry);
  if (match.after) return [describeInsert(definition, entry, {})];
  return match.before ? [describeDelete(definition, entry, {})] : [];
}

function describeUpdate(definition: ShapeDefinition, entry: LogEntry): ShapeMessage[] {
  const [before, after] = [entry.oldRow(), entry.newRow()];
  const { keyColumns, relation, columns, replica } = definition;
  const [oldKey, newKey] = [before, after].map((values) => formatKey(relation, keyColumns, values));
  if (oldKey !== newKey)
    return [
      describeDelete(definition, entry, { key_change_to: newKey }),
      { ...describeInsert(definition, entry, { key_change_from: oldKey }), place: entry.place + 1 },
    ];
  const changed = columns.filter(({ index }) => before[index] !== after[index]);
  if (changed.length === 0) return [];
  const sent =
    replica === "full" ? columns : columns.filter((one) => changed.includes(one) || keyColumns.includes(one));
  return [
    {
      ...describeAny(definition, entry, after, "update", {}),
      value: pick(sent, after),
      oldValue: replica === "full" ? pick(changed, before) : null,
    },
  ];
}

const describeInsert = (
  definition: ShapeDefinition,
  entry: LogEntry,
  more: Record<string, unknown>,
): ShapeMessage => ({
  ...describeAny(definition, entry, entry.newRow(), "insert", more),
  value: pick(definition.columns, entry.newRow()),
});

const describeDelete = (
  definition: ShapeDefinition,
  entry: LogEntry,
  more: Record<string, unknown>,
): ShapeMessage => ({
  ...describeAny(definition, entry, entry.oldRow(), "delete", more),
  value: pick(definition.replica === "full" ? definition.columns : definition.keyColumns, entry.oldRow()),
});

const describeAny = (
  { relation, keyColumns }: ShapeDefinition,
  entry: LogEntry,
  values: RowValues,
  operation: string,
  more: Record<string, unknown>,
): ShapeMessage => ({
  number: entry.number,
  place: entry.place,
  key: formatKey(relation, keyColumns, values),
  value: {},
  oldValue: null,
  headers: { operation, relation: [relation.schema, relation.table], txids: [entry.transactionId], ...more },
});

/** The message's JSON; `last` closes its transaction. */
export function writeMessage(
  { key, value, oldValue, headers, number, place }: ShapeMessage,
  last: boolean,
): string {
  return JSON.stringify({
    key,
    value,
    ...(oldValue === null ? {} : { old_value: oldValue }),
    headers: { ...headers, lsn: String(number), op_position: place, ...(last ? { last: true } : {}) },
  });
}

export const writeUpToDate = (number: number): string =>
  JSON.stringify({ headers: { control: "up-to-date", global_last_seen_lsn: String(number) } });

export const mustRefetch = JSON.stringify([{ headers: { control: "must-refetch" } }]);
