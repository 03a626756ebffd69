import type { Column } from "./relation.ts";

/** Value of the `electric-schema` header: how a client reads each column's text. Empty facts are left out. */
export function describeSchema(columns: readonly Column[], keyColumns: readonly string[]): string {
  return JSON.stringify(
    Object.fromEntries(
      columns.map((column) => {
        const place = keyColumns.indexOf(column.name);
        return [
          column.name,
          {
            type: column.type,
            ...(column.dimensions > 0 ? { dims: column.dimensions } : describeModifier(column)),
            ...(column.notNull ? { not_null: true } : {}),
            ...(place >= 0 ? { pk_index: place } : {}),
          },
        ];
      }),
    ),
  ).replace(/[^\x20-\x7e]/g, escapeCharacter);
}

/** A header holds ASCII only; JSON has an escape for everything else. */
const escapeCharacter = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

const timeTypes: ReadonlySet<string> = new Set(["time", "timetz", "timestamp", "timestamptz"]);

/** The type's modifier as PostgreSQL packs it into a number (pg_attribute.atttypmod); -1 means none. */
function describeModifier({ type, modifier }: Column): Readonly<Record<string, number | string>> {
  if (modifier < 0) return {};
  if (type === "varchar") return { max_length: modifier - 4 };
  if (type === "bpchar") return { length: modifier - 4 };
  if (type === "bit" || type === "varbit") return { length: modifier };
  if (timeTypes.has(type)) return { precision: modifier };
  if (type === "numeric") return { precision: (modifier - 4) >> 16, scale: ((modifier - 4) << 21) >> 21 };
  return type === "interval" ? describeInterval(modifier) : {};
}

const intervalFields = [
  ["YEAR", 1 << 2],
  ["MONTH", 1 << 1],
  ["DAY", 1 << 3],
  ["HOUR", 1 << 10],
  ["MINUTE", 1 << 11],
  ["SECOND", 1 << 12],
] as const;

/** High 16 bits: which fields; low 16 bits: digits of a second (all set: not given). */
function describeInterval(modifier: number): Readonly<Record<string, number | string>> {
  const range = (modifier >> 16) & 0x7fff;
  const precision = modifier & 0xffff;
  const named = intervalFields.filter(([, bit]) => (range & bit) !== 0).map(([name]) => name);
  const [first, last] = [named[0], named.at(-1)];
  return {
    ...(range === 0x7fff || first === undefined
      ? {}
      : { fields: first === last ? first : `${first} TO ${last}` }),
    ...(precision === 0xffff ? {} : { precision }),
  };
}
