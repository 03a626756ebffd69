/**
 * What is said to a PostgreSQL database: messages of a letter, a length and a body (PostgreSQL's manual, "Message
 * Formats", version 3.0). Values travel as text; portals have no name.
 */
const headBytes = 5;
const nullLength = -1;
/** A list without an entry: no types are given, every value and column is text. */
const none = Buffer.alloc(2);

/** Statements in plain text, without values. The database answers to the end by itself. */
export const encodeQuery = (text: string): Buffer => encodeTexts("Q", [text]);

/** The statement is kept under the name until `encodeClose`. Types of values are the database's guess. */
export const encodeParse = (statement: string, text: string): Buffer =>
  encodeTexts("P", [statement, text], none);

/** Asks for the types of a kept statement's values and for its columns. */
export const encodeDescribe = (statement: string): Buffer => encodeTexts("D", [`S${statement}`]);

export const encodeClose = (statement: string): Buffer => encodeTexts("C", [`S${statement}`]);

/** Gives a kept statement its values, 65,535 at most; `runBound` runs it. */
export function encodeBind(statement: string, values: readonly (string | null)[]): Buffer {
  const lengths = values.map((value) => (value === null ? 0 : Buffer.byteLength(value)));
  const bodyBytes =
    1 + Buffer.byteLength(statement) + 1 + 2 + 2 + 4 * values.length + sum(lengths) + none.length;
  const message = Buffer.allocUnsafe(headBytes + bodyBytes);
  let at = writeHead(message, "B", bodyBytes);
  at = message.writeUInt8(0, at);
  at = writeText(message, statement, at);
  at += none.copy(message, at);
  at = message.writeUInt16BE(values.length, at);
  for (const [place, value] of values.entries()) {
    at = message.writeInt32BE(value === null ? nullLength : (lengths[place] ?? 0), at);
    if (value !== null) at += message.write(value, at);
  }
  none.copy(message, at);
  return message;
}

/** Runs what was bound, for all of its rows. */
export const runBound: Buffer = encodeTexts("E", [""], Buffer.alloc(4));

/** Ends what belongs together: from here on the database answers, and goes on after what it refused. */
export const sync: Buffer = encodeTexts("S", []);

/** The head of a message with so many bytes for COPY, which follow it. */
export function encodeCopyHead(bytes: number): Buffer {
  const head = Buffer.allocUnsafe(headBytes);
  writeHead(head, "d", bytes);
  return head;
}

export const copyDone: Buffer = encodeTexts("c", []);

function encodeTexts(letter: string, texts: readonly string[], rest: Uint8Array = new Uint8Array()): Buffer {
  const bodyBytes = sum(texts.map((text) => Buffer.byteLength(text) + 1)) + rest.length;
  const message = Buffer.allocUnsafe(headBytes + bodyBytes);
  let at = writeHead(message, letter, bodyBytes);
  for (const text of texts) at = writeText(message, text, at);
  message.set(rest, at);
  return message;
}

function writeHead(message: Buffer, letter: string, bodyBytes: number): number {
  message.write(letter, 0, "latin1");
  return message.writeInt32BE(bodyBytes + 4, 1);
}

function writeText(message: Buffer, text: string, at: number): number {
  return message.writeUInt8(0, at + message.write(text, at));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
