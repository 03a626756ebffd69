/**
 * What a PostgreSQL database says to whoever asked: messages of a letter, a length and a body (PostgreSQL's manual,
 * "Message Formats", version 3.0). Read here are those that carry an answer; the others only say that it goes on.
 */
export type Answer = {
  readonly rows: (string | null)[][];
  /** Told where a statement is described, and where one came without values. */
  columns: readonly AnsweredColumn[];
  parameterTypes: readonly number[];
  /** What was done, as `INSERT 0 5`. */
  tag: string;
  readonly refusals: DatabaseError[];
};

/** `type`: the type's oid. */
export type AnsweredColumn = { readonly name: string; readonly type: number };

/** The database's no, with the names its other drivers use. */
export class DatabaseError extends Error {
  readonly severity: string | undefined;
  /** SQLSTATE, five characters. */
  readonly code: string | undefined;
  readonly detail: string | undefined;
  readonly constraint: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;

  constructor(fields: ReadonlyMap<string, string>) {
    super(fields.get("M") ?? "the database refused without a word");
    this.name = "DatabaseError";
    // V is never translated; S may be.
    this.severity = fields.get("V") ?? fields.get("S");
    this.code = fields.get("C");
    this.detail = fields.get("D");
    this.constraint = fields.get("n");
    this.table = fields.get("t");
    this.column = fields.get("c");
  }
}

const letters = {
  row: 68,
  columns: 84,
  parameterTypes: 116,
  complete: 67,
  notification: 65,
  error: 69,
} as const;
const headBytes = 5;
const nullLength = -1;

/**
 * Takes the database's bytes in pieces of any size; `answer` is whole after the last. A piece belongs to the caller
 * again when the call returns.
 */
export function createAnswerReader(onNotice: (payload: string) => void): {
  readonly take: (piece: Uint8Array) => void;
  readonly answer: Answer;
} {
  const answer: Answer = { rows: [], columns: [], parameterTypes: [], tag: "", refusals: [] };
  /** The beginning of a message that is not whole yet. */
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let wantedBytes = 0;

  function take(piece: Uint8Array): void {
    let data = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    if (begunBytes > 0) {
      if (begunBytes + data.length < wantedBytes) return keep(data);
      data = Buffer.concat([...begun, data]);
      begun = [];
      begunBytes = 0;
    }
    let at = 0;
    wantedBytes = headBytes;
    while (data.length - at >= headBytes) {
      const length = 1 + data.readInt32BE(at + 1);
      if (length < headBytes) throw new Error(`the database sent a message of ${length} bytes`);
      wantedBytes = length;
      if (data.length - at < length) break;
      readMessage(data.readUInt8(at), data.subarray(at + headBytes, at + length));
      at += length;
      wantedBytes = headBytes;
    }
    if (at < data.length) keep(data.subarray(at));
  }

  function keep(data: Buffer): void {
    begun.push(Buffer.from(data));
    begunBytes += data.length;
  }

  function readMessage(letter: number, body: Buffer): void {
    switch (letter) {
      case letters.row:
        return void answer.rows.push(readRow(body));
      case letters.columns:
        answer.columns = readColumns(body);
        return;
      case letters.parameterTypes:
        answer.parameterTypes = readTypes(body);
        return;
      case letters.complete:
        answer.tag = readText(body, 0).text;
        return;
      case letters.notification:
        return onNotice(readText(body, readText(body, 4).end).text);
      case letters.error:
        return void answer.refusals.push(readError(body));
    }
  }
  return { take, answer };
}

function readRow(body: Buffer): (string | null)[] {
  const count = body.readInt16BE(0);
  const fields: (string | null)[] = [];
  let at = 2;
  for (let field = 0; field < count; field += 1) {
    const length = body.readInt32BE(at);
    at += 4;
    if (length === nullLength) fields.push(null);
    else {
      fields.push(body.toString("utf8", at, at + length));
      at += length;
    }
  }
  return fields;
}

const readTypes = (body: Buffer): number[] =>
  Array.from({ length: body.readUInt16BE(0) }, (_, at) => body.readUInt32BE(2 + 4 * at));

/** After a column's name: its table, its number there, its type, and three things about how it is written. */
const columnBytes = 18;
const typeOffset = 6;

function readColumns(body: Buffer): AnsweredColumn[] {
  const columns: AnsweredColumn[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left -= 1) {
    const { text: name, end } = readText(body, at);
    columns.push({ name, type: body.readUInt32BE(end + typeOffset) });
    at = end + columnBytes;
  }
  return columns;
}

function readError(body: Buffer): DatabaseError {
  const fields = new Map<string, string>();
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const { text, end } = readText(body, at + 1);
    fields.set(String.fromCharCode(body.readUInt8(at)), text);
    at = end;
  }
  return new DatabaseError(fields);
}

/** Up to the next zero byte; `end` is what follows it. */
function readText(body: Buffer, from: number): { readonly text: string; readonly end: number } {
  const zero = body.indexOf(0, from);
  const end = zero < 0 ? body.length : zero;
  return { text: body.toString("utf8", from, end), end: end + 1 };
}
