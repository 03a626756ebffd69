import { createHash } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import type { RowValues } from "./record-text.ts";
import type { Column, Relation } from "./relation.ts";
import { type Expression, readEqualities, writeExpression } from "./where-expression.ts";

export type Replica = "default" | "full";

/** Which rows and columns a client follows; all who ask for the same share its snapshot, its reads and its answers. */
export type ShapeDefinition = {
  readonly relation: Relation;
  readonly epoch: string;
  /** What is sent, in the table's order. */
  readonly columns: readonly Column[];
  /** What makes up a row's key, in the key's order. */
  readonly keyColumns: readonly Column[];
  readonly where: Condition | null;
  readonly replica: Replica;
  /** First part of every handle of this shape: digits that change with the table's epoch. */
  readonly hash: string;
};

export type Condition = {
  readonly expression: Expression;
  /** Columns and the constants they must equal, where that is all the condition says and texts can be compared. */
  readonly equalities: readonly { readonly index: number; readonly value: string }[] | null;
};

export type DefinitionInput = {
  readonly relation: Relation;
  readonly epoch: string;
  /** Null: all of them. They must be columns of the relation. */
  readonly columns: readonly string[] | null;
  /** Null: the relation's key. */
  readonly keyColumns: readonly string[] | null;
  readonly where: Expression | null;
  readonly replica: Replica;
};

export function defineShape(input: DefinitionInput): ShapeDefinition {
  const { relation, epoch, replica } = input;
  const keyNames = input.keyColumns ?? relation.keyColumns;
  const { columns: wanted } = input;
  const columns =
    wanted === null ? relation.columns : relation.columns.filter(({ name }) => wanted.includes(name));
  const pieces = input.where === null ? null : writeExpression(input.where);
  const identity = [epoch, relation.oid, columns.map(({ name }) => name), keyNames, pieces, replica];
  return {
    relation,
    epoch,
    columns,
    keyColumns: keyNames.flatMap((name) => relation.columns.find((column) => column.name === name) ?? []),
    where:
      input.where === null
        ? null
        : { expression: input.where, equalities: findEqualities(input.where, relation) },
    replica,
    hash: hashToDigits(JSON.stringify(identity)),
  };
}

const hashToDigits = (text: string): string =>
  createHash("sha256").update(text).digest().readBigUInt64BE(0).toString();

/** Equality of these types is equality of their texts, once a constant is written as PostgreSQL writes it. */
const canonicalTexts: Readonly<Record<string, (value: string) => string | null>> = {
  text: (value) => value,
  varchar: (value) => value,
  int2: readWholeNumber,
  int4: readWholeNumber,
  int8: readWholeNumber,
  uuid: (value) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value) ? value.toLowerCase() : null),
};

function readWholeNumber(value: string): string | null {
  return /^-?\d{1,18}$/.test(value) ? BigInt(value).toString() : null;
}

function findEqualities(where: Expression, relation: Relation): Condition["equalities"] {
  const equalities = readEqualities(where);
  if (equalities === null) return null;
  const found: { index: number; value: string }[] = [];
  for (const { column: name, value } of equalities) {
    const column = relation.columns.find((candidate) => candidate.name === name);
    if (column === undefined || column.dimensions > 0) return null;
    const canonical = canonicalTexts[column.type]?.(value) ?? null;
    if (canonical === null) return null;
    found.push({ index: column.index, value: canonical });
  }
  return found.toSorted((one, other) => one.index - other.index);
}

export const meetsEqualities = (
  equalities: NonNullable<Condition["equalities"]>,
  values: RowValues,
): boolean => equalities.every(({ index, value }) => values[index] === value);

/** The condition as SQL over a row; `row` is our own name for it. Never null: unknown counts as not met. */
export function writeCondition(where: Condition | null, row: RawBuilder<unknown>): RawBuilder<unknown> {
  if (where === null) return sql`true`;
  const pieces = writeExpression(where.expression).map((piece) => {
    if ("sql" in piece) return sql.raw(piece.sql);
    return "column" in piece ? sql`${row}.${sql.id(piece.column)}` : sql`${piece.value}`;
  });
  return sql`(${sql.join(pieces, sql.raw(""))} is true)`;
}
