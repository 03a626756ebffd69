import { sql, type Kysely } from "kysely";
import { isConditionError } from "./database-errors.ts";
import { parseTableName, readIdentifier, type Relation, type TableName } from "./relation.ts";
import type { KnownRelation, RelationStore } from "./relation-store.ts";
import { defineShape, type Replica, type ShapeDefinition, writeCondition } from "./shape-definition.ts";
import { type ParamReply, refuseParam } from "./shape-params.ts";
import type { Expression } from "./where-expression.ts";
import { parseWhere } from "./where-parser.ts";

/** Where a condition begins in `SELECT 1 WHERE ...`: Electric counts places in it from there. */
const wherePrefixLength = 15;

/** Our own log would feed itself; the catalogue has no triggers. */
const closedSchemas: ReadonlySet<string> = new Set([
  "pg_catalog",
  "information_schema",
  "waystation_shapes",
  "pg_toast",
]);

const maximumChecked = 5000;

/** Tables may be altered at any time by others: an older answer could be about another table of the same name. */
const recallMs = 500;

export type OpenDefinitions = (
  query: URLSearchParams,
  replica: Replica,
  fresh: boolean,
) => Promise<ParamReply<ShapeDefinition>>;

/** Shapes as clients describe them: any table, columns, conditions. */
export function createOpenDefinitions(db: Kysely<unknown>, relations: RelationStore): OpenDefinitions {
  const checked = new Set<string>();

  async function define(
    query: URLSearchParams,
    replica: Replica,
    fresh: boolean,
  ): Promise<ParamReply<ShapeDefinition>> {
    const text = query.get("table") ?? "";
    if (text === "") return refuseParam("table", "can't be blank");
    const name = parseTableName(text);
    if (name === null) return refuseParam("table", "is not a table name");
    const known = closedSchemas.has(name.schema) ? null : await relations.recall(name, fresh ? -1 : recallMs);
    if (known === null) return refuseParam("table", describeMissing(name));
    const columns = readColumns(query.get("columns"), known.relation);
    if (!columns.ok) return columns;
    const where = readWhere(query, known.relation);
    if (!where.ok) return where;
    return check(makeDefinition(known, columns.value, where.value, replica));
  }

  /** What the grammar allows may still not fit the table: a text compared with a number. */
  async function check(definition: ShapeDefinition): Promise<ParamReply<ShapeDefinition>> {
    if (definition.where === null || checked.has(definition.hash)) return { ok: true, value: definition };
    const { schema, table } = definition.relation;
    try {
      await sql`select from ${sql.id(schema, table)} as r where ${writeCondition(definition.where, sql`r`)} limit 0`.execute(
        db,
      );
    } catch (error) {
      if (isConditionError(error)) return refuseParam("where", describeStatementError(error));
      throw error;
    }
    if (checked.size >= maximumChecked) checked.clear();
    checked.add(definition.hash);
    return { ok: true, value: definition };
  }
  return define;
}

const makeDefinition = (
  { relation, epoch }: KnownRelation,
  columns: readonly string[] | null,
  where: Expression | null,
  replica: Replica,
): ShapeDefinition => defineShape({ relation, epoch, columns, keyColumns: null, where, replica });

const describeMissing = ({ schema, table }: TableName): string =>
  `Table "${schema}"."${table}" does not exist. If the table name contains capitals or special characters you must quote it.`;

export const describeStatementError = (error: Error): string =>
  `the condition does not fit the table: ${error.message.slice(0, 200)}`;

function readColumns(text: string | null, relation: Relation): ParamReply<readonly string[] | null> {
  if (text === null) return { ok: true, value: null };
  const parts = text.match(/\s*(?:"(?:[^"]|"")*"|[^",]*)\s*(?:,|$)/gy) ?? [];
  // The pattern also matches the empty rest at the end; what it could not read is missing from the whole.
  if (parts.join("") !== text) return refuseParam("columns", "is not a list of column names");
  const named = (text.endsWith(",") ? parts : parts.filter((part, place) => part !== "" || place === 0)).map(
    (part) => readIdentifier(part.replace(/,$/, "").trim()),
  );
  if (named.includes("")) return refuseParam("columns", "Invalid zero-length identifier");
  const unknown = named.filter((name) => !relation.columns.some((column) => column.name === name));
  if (unknown.length > 0)
    return refuseParam(
      "columns",
      `The following columns are not found on the table: ${unknown.join(", ").slice(0, 200)}`,
    );
  const missing = relation.hasPrimaryKey ? relation.keyColumns.filter((name) => !named.includes(name)) : [];
  if (missing.length > 0)
    return refuseParam(
      "columns",
      `The list of columns must include all primary key columns, missing: ${missing.join(", ")}`,
    );
  return { ok: true, value: named };
}

function readWhere(query: URLSearchParams, relation: Relation): ParamReply<Expression | null> {
  const text = query.get("where");
  if (text === null) return { ok: true, value: null };
  const params = readParams(query);
  if (!params.ok) return params;
  const columns = new Set(relation.columns.map(({ name }) => name));
  const parsed = parseWhere(text, { table: relation.table, columns, params: params.value });
  if (parsed.ok) return { ok: true, value: parsed.value };
  return refuseParam("where", `At location ${wherePrefixLength + parsed.error.at}: ${parsed.error.message}`);
}

/** `params[1]=a&params[2]=b`, or `params={"1":"a","2":"b"}`. */
function readParams(query: URLSearchParams): ParamReply<ReadonlyMap<number, string>> {
  const params = new Map<number, string>();
  const whole = query.get("params");
  const pairs: [string, unknown][] = [...query].flatMap(([name, value]) => {
    const match = /^params\[(.*)\]$/s.exec(name);
    return match === null ? [] : [[match[1] ?? "", value]];
  });
  if (whole !== null) {
    const parsed = parseObject(whole);
    if (parsed === null) return refuseParam("params", "must be a JSON object");
    pairs.push(...Object.entries(parsed));
  }
  for (const [name, value] of pairs) {
    if (!/^[1-9]\d{0,3}$/.test(name)) return refuseParam("params", "keys must be numbers from 1");
    if (typeof value !== "string" || value.includes("\0"))
      return refuseParam("params", "values must be texts");
    params.set(Number(name), value);
  }
  return { ok: true, value: params };
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
