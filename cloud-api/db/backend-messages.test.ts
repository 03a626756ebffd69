import fc from "fast-check";
import { expect, test } from "vitest";
import { createAnswerReader } from "./backend-messages.ts";

function readAll(pieces: readonly Uint8Array[]): Record<string, unknown> {
  const notices: string[] = [];
  const { take, answer } = createAnswerReader((payload) => notices.push(payload));
  for (const piece of pieces) {
    const lent = Uint8Array.from(piece);
    take(lent);
    // The database uses its buffer again.
    lent.fill(255);
  }
  const refusals = answer.refusals.map(({ severity, code, message, constraint }) => ({
    severity,
    code,
    message,
    constraint,
  }));
  return { ...answer, refusals, notices };
}

const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 255, value & 255]);
const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value)]);
const zeroEnded = (text: string): Buffer => Buffer.from(`${text}\0`);

function message(letter: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(letter), int32(4 + body.length), body]);
}

const row = (fields: readonly (string | null)[]): Buffer =>
  message(
    "D",
    int16(fields.length),
    ...fields.map((field) =>
      field === null ? int32(-1) : Buffer.concat([int32(Buffer.byteLength(field)), Buffer.from(field)]),
    ),
  );

const column = (name: string, type: number): Buffer =>
  Buffer.concat([zeroEnded(name), int32(16_385), int16(1), int32(type), int16(-1), int32(-1), int16(0)]);

const conversation = Buffer.concat([
  message("1"),
  message("t", int16(2), int32(25), int32(3_000_000_000)),
  message("T", int16(2), column("order_id", 25), column("größe", 4_000_000_000)),
  message("2"),
  row(["ORD-1", null]),
  message("N", Buffer.from("SNOTICE\0\0")),
  row(["", "重量 ☃"]),
  row(["x".repeat(20_000), "y"]),
  message("A", int32(77), zeroEnded("waystation_changes"), zeroEnded("=orders")),
  message("C", zeroEnded("SELECT 3")),
  message(
    "E",
    zeroEnded("SFEHLER"),
    zeroEnded("VERROR"),
    zeroEnded("C23505"),
    zeroEnded("Mno such thing twice"),
    zeroEnded("norders_pkey"),
    Buffer.from([0]),
  ),
  message("Z", Buffer.from("I")),
]);

const told = {
  parameterTypes: [25, 3_000_000_000],
  columns: [
    { name: "order_id", type: 25 },
    { name: "größe", type: 4_000_000_000 },
  ],
  rows: [
    ["ORD-1", null],
    ["", "重量 ☃"],
    ["x".repeat(20_000), "y"],
  ],
  notices: ["=orders"],
  tag: "SELECT 3",
  refusals: [{ severity: "ERROR", code: "23505", message: "no such thing twice", constraint: "orders_pkey" }],
};

test("an answer is read whole, and nothing of it is kept in the database's memory", () => {
  expect(readAll([conversation])).toEqual(told);
});

test("wherever the answer is cut", () => {
  const bytewise = Array.from(conversation, (byte) => Uint8Array.of(byte));
  expect(readAll(bytewise)).toEqual(told);
  fc.assert(
    fc.property(fc.array(fc.nat(conversation.length), { maxLength: 12 }), (cuts) => {
      const places = [0, ...cuts.toSorted((one, other) => one - other), conversation.length];
      const pieces = places.slice(1).map((to, at) => conversation.subarray(places[at], to));
      expect(readAll(pieces)).toEqual(told);
    }),
    { numRuns: 100 },
  );
});

test("a large message in small pieces", () => {
  const large = row(["z".repeat(16_000_000)]);
  const pieces = Array.from({ length: Math.ceil(large.length / 8192) }, (_, at) =>
    large.subarray(8192 * at, 8192 * (at + 1)),
  );
  expect(readAll(pieces).rows).toEqual([["z".repeat(16_000_000)]]);
});

test("a length that cannot be is not waited for", () => {
  expect(() => readAll([Buffer.concat([Buffer.from("D"), int32(3)])])).toThrow("message of 4 bytes");
});
