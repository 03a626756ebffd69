import type { Expression } from "./where-expression.ts";
import { type Cursor, createCursor, refuse, unexpected } from "./where-cursor.ts";
import { readTokens, type Token, type WhereError } from "./where-tokens.ts";

export type WhereInput = {
  readonly table: string;
  readonly columns: ReadonlySet<string>;
  /** Values of `$1`, `$2`, ...: always texts, as PostgreSQL reads them. */
  readonly params: ReadonlyMap<number, string>;
};

export type WhereReply =
  | { readonly ok: true; readonly value: Expression }
  | { readonly ok: false; readonly error: WhereError };

/** Same type, same reading and no side effects whoever asks and whenever: nothing volatile, nothing that sleeps. */
const functions: ReadonlySet<string> = new Set([
  ..."lower upper abs coalesce nullif length char_length octet_length btrim ltrim rtrim left right".split(
    " ",
  ),
  ..."substr replace strpos starts_with greatest least round floor ceil ceiling trunc mod sign".split(" "),
  ..."array_length cardinality array_position date_part date_trunc jsonb_typeof".split(" "),
]);

/** These are the grammar's own and stand in no schema. */
const grammarFunctions: ReadonlySet<string> = new Set(["coalesce", "nullif", "greatest", "least"]);

const types: ReadonlySet<string> = new Set([
  ..."int2 int4 int8 smallint int integer bigint float4 float8 real numeric decimal text varchar bpchar".split(
    " ",
  ),
  ..."bool boolean uuid date time timetz timestamp timestamptz interval json jsonb bytea inet cidr".split(
    " ",
  ),
]);

/** Words that begin something this server does not have; named so that the answer says what is missing. */
const refusedWords: ReadonlySet<string> = new Set(
  "select exists case with row over collate similar overlaps escape values table all some at".split(" "),
);

const comparisons: ReadonlySet<string> = new Set(["=", "<>", "!=", "<", "<=", ">", ">="]);
const others: ReadonlySet<string> = new Set(["||", "@>", "<@", "&&", "&", "|", "#"]);

/** Understands a condition of the allowed grammar; the error names the first thing that is not in it. */
export function parseWhere(source: string, input: WhereInput): WhereReply {
  const tokens = readTokens(source);
  if (!Array.isArray(tokens)) return { ok: false, error: tokens };
  try {
    return { ok: true, value: parseTokens(tokens, input) };
  } catch (error) {
    if (error instanceof Error && "at" in error && typeof error.at === "number")
      return { ok: false, error: { at: error.at, message: error.message } };
    throw error;
  }
}

const form = (...parts: (string | Expression)[]): Expression => ({ kind: "form", parts });

type Reader = Cursor & { readonly input: WhereInput };

function parseTokens(tokens: readonly Token[], input: WhereInput): Expression {
  const reader: Reader = { ...createCursor(tokens), input };
  const whole = readOr(reader);
  if (reader.peek().kind !== "end") throw unexpected(reader.peek());
  return whole;
}

function readOr(reader: Reader): Expression {
  const items = [readAnd(reader)];
  while (reader.takeWord("or")) items.push(readAnd(reader));
  const [only] = items;
  if (items.length === 1 && only !== undefined) return only;
  return form(...items.flatMap((item, place) => (place === 0 ? [item] : [" OR ", item])));
}

function readAnd(reader: Reader): Expression {
  const items = [readNot(reader)];
  while (reader.takeWord("and")) items.push(readNot(reader));
  const [only] = items;
  return items.length === 1 && only !== undefined ? only : { kind: "and", items };
}

const readNot = (reader: Reader): Expression =>
  reader.takeWord("not")
    ? form(
        "NOT ",
        reader.nested(() => readNot(reader)),
      )
    : readIs(reader);

function readIs(reader: Reader): Expression {
  let left = readComparison(reader);
  while (reader.takeWord("is")) {
    const not = reader.takeWord("not") ? "NOT " : "";
    if (reader.takeWord("distinct")) {
      reader.expectWord("from");
      left = form(left, ` IS ${not}DISTINCT FROM `, readComparison(reader));
      continue;
    }
    const kind = ["null", "true", "false", "unknown"].find((text) => reader.isWord(text));
    if (kind === undefined) throw unexpected(reader.peek());
    reader.take();
    left = form(left, ` IS ${not}${kind.toUpperCase()}`);
  }
  return left;
}

function readComparison(reader: Reader): Expression {
  const left = readRange(reader);
  const token = reader.peek();
  if (token.kind !== "symbol" || !comparisons.has(token.value)) return left;
  reader.take();
  if (token.value === "=" && !reader.isWord("any")) return { kind: "equal", left, right: readRange(reader) };
  if (!reader.takeWord("any")) return form(left, ` ${token.value} `, readRange(reader));
  reader.expectSymbol("(");
  const array = reader.nested(() => readOr(reader));
  reader.expectSymbol(")");
  return form(left, ` ${token.value} ANY(`, array, ")");
}

function readRange(reader: Reader): Expression {
  const left = readOther(reader);
  const not =
    reader.isWord("not") && ["in", "between", "like", "ilike"].some((text) => reader.isWord(text, 1));
  if (not) reader.take();
  const prefix = not ? " NOT" : "";
  if (reader.takeWord("in")) return form(left, `${prefix} IN `, readList(reader));
  if (reader.takeWord("like")) return form(left, `${prefix} LIKE `, readOther(reader));
  if (reader.takeWord("ilike")) return form(left, `${prefix} ILIKE `, readOther(reader));
  if (!reader.takeWord("between")) return left;
  if (reader.takeWord("symmetric")) throw refuse(reader.peek(-1).at, "BETWEEN SYMMETRIC is not supported");
  const low = readOther(reader);
  reader.expectWord("and");
  return form(left, `${prefix} BETWEEN `, low, " AND ", readOther(reader));
}

function readList(reader: Reader): Expression {
  reader.expectSymbol("(");
  if (reader.isWord("select")) throw refuse(reader.peek().at, "subqueries are not supported");
  return form(...readItems(reader, ")"));
}

function readItems(reader: Reader, end: string): (string | Expression)[] {
  const parts: (string | Expression)[] = [reader.nested(() => readOr(reader))];
  while (reader.takeSymbol(","))
    parts.push(
      ", ",
      reader.nested(() => readOr(reader)),
    );
  reader.expectSymbol(end);
  return parts;
}

/** Left to right, as PostgreSQL does: other operators, then + and -, then * / %, then ^. */
function readChain(
  reader: Reader,
  operators: (value: string) => boolean,
  operand: (reader: Reader) => Expression,
): Expression {
  let left = operand(reader);
  while (reader.peek().kind === "symbol" && operators(reader.peek().value))
    left = form(left, ` ${reader.take().value} `, operand(reader));
  return left;
}
const readOther = (reader: Reader): Expression => readChain(reader, (value) => others.has(value), readSum);
const readSum = (reader: Reader): Expression =>
  readChain(reader, (value) => value === "+" || value === "-", readProduct);
const readProduct = (reader: Reader): Expression =>
  readChain(reader, (value) => value === "*" || value === "/" || value === "%", readPower);
const readPower = (reader: Reader): Expression => readChain(reader, (value) => value === "^", readSign);

function readSign(reader: Reader): Expression {
  if (reader.takeSymbol("-"))
    return form(
      "- ",
      reader.nested(() => readSign(reader)),
    );
  return reader.takeSymbol("+") ? reader.nested(() => readSign(reader)) : readCast(reader);
}

function readCast(reader: Reader): Expression {
  let value = readPrimary(reader);
  for (;;) {
    if (reader.takeSymbol("::")) value = form(value, `::${readType(reader)}`);
    else if (reader.takeSymbol("[")) {
      value = form(
        value,
        "[",
        reader.nested(() => readOr(reader)),
        "]",
      );
      reader.expectSymbol("]");
    } else return value;
  }
}

function readType(reader: Reader): string {
  const token = reader.take();
  let name = token.value.toLowerCase();
  if (token.kind !== "word") throw unexpected(token);
  if (name === "double") {
    reader.expectWord("precision");
    name = "float8";
  }
  if (!types.has(name)) throw refuse(token.at, `type "${token.value.slice(0, 60)}" is not supported`);
  if (reader.takeWord("with")) name += readZone(reader, "tz", name);
  else if (reader.takeWord("without")) readZone(reader, "", name);
  let dimensions = "";
  while (reader.takeSymbol("[")) {
    reader.expectSymbol("]");
    dimensions += "[]";
  }
  return name + dimensions;
}

function readZone(reader: Reader, suffix: string, name: string): string {
  if (name !== "time" && name !== "timestamp") throw unexpected(reader.peek());
  reader.expectWord("time");
  reader.expectWord("zone");
  return suffix;
}

function readPrimary(reader: Reader): Expression {
  const token = reader.take();
  if (token.kind === "number") return { kind: "number", digits: token.value };
  if (token.kind === "text") return { kind: "text", value: token.value };
  if (token.kind === "quoted") return readColumn(reader, token, token.value);
  if (token.kind === "parameter") return readParameter(reader, token);
  if (token.kind === "word") return readWord(reader, token, token.value.toLowerCase());
  if (token.kind !== "symbol" || token.value !== "(") throw unexpected(token);
  if (reader.isWord("select")) throw refuse(reader.peek().at, "subqueries are not supported");
  const inner = reader.nested(() => readOr(reader));
  if (reader.isSymbol(",")) throw refuse(reader.peek().at, "rows in brackets are not supported");
  reader.expectSymbol(")");
  return inner;
}

function readParameter(reader: Reader, token: Token): Expression {
  const value = reader.input.params.get(Number(token.value));
  if (value === undefined) throw refuse(token.at, `parameter $${token.value} was not provided`);
  return { kind: "text", value };
}

function readWord(reader: Reader, token: Token, name: string): Expression {
  if (name === "true" || name === "false" || name === "null") return form(name.toUpperCase());
  if (name === "not") throw unexpected(token);
  if (refusedWords.has(name) && !reader.input.columns.has(name))
    throw refuse(token.at, `${name.toUpperCase()} is not supported`);
  if (name === "array" && reader.isSymbol("[")) {
    reader.take();
    return form("ARRAY[", ...(reader.takeSymbol("]") ? [] : readItems(reader, "]")), "]");
  }
  if (name === "cast" && reader.takeSymbol("(")) return readCastCall(reader);
  if (reader.isSymbol("(")) return readCall(reader, token, name);
  if (reader.peek().kind === "text" && types.has(name))
    return form({ kind: "text", value: reader.take().value }, `::${name}`);
  return readColumn(reader, token, name);
}

function readCastCall(reader: Reader): Expression {
  const value = reader.nested(() => readOr(reader));
  reader.expectWord("as");
  const type = readType(reader);
  reader.expectSymbol(")");
  return form(value, `::${type}`);
}

function readCall(reader: Reader, token: Token, name: string): Expression {
  if (!functions.has(name)) throw refuse(token.at, `function "${token.value.slice(0, 60)}" is not supported`);
  reader.take();
  const qualified = grammarFunctions.has(name) ? name : `pg_catalog.${name}`;
  return form(`${qualified}(`, ...(reader.takeSymbol(")") ? [] : readItems(reader, ")")), ")");
}

function readColumn(reader: Reader, token: Token, first: string): Expression {
  let name = first;
  if (reader.isSymbol(".") && first === reader.input.table) {
    reader.take();
    const column = reader.take();
    if (column.kind !== "word" && column.kind !== "quoted") throw unexpected(column);
    name = column.kind === "word" ? column.value.toLowerCase() : column.value;
  }
  if (reader.input.columns.has(name)) return { kind: "column", name };
  throw refuse(token.at, `column "${name.slice(0, 60)}" does not exist`);
}
