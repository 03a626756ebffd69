import { sql } from "kysely";
import { expect, test } from "vitest";
import { openDatabase } from "../test-support/test-cloud.ts";
import {
  copyDone,
  encodeBind,
  encodeClose,
  encodeCopyHead,
  encodeDescribe,
  encodeParse,
  encodeQuery,
  runBound,
  sync,
} from "./frontend-messages.ts";

test("every message is as the manual has it", () => {
  const hex = (message: Uint8Array): string => Buffer.from(message).toString("hex");
  expect(hex(encodeQuery(""))).toBe("510000000500");
  expect(hex(encodeParse("s1", "é"))).toBe("500000000c733100c3a9000000");
  expect(hex(encodeDescribe("s1"))).toBe("440000000853733100");
  expect(hex(encodeClose("s1"))).toBe("430000000853733100");
  expect(hex(encodeBind("s1", ["é", null, ""]))).toBe(
    "420000001c007331000000000300000002c3a9ffffffff000000000000",
  );
  expect(hex(encodeBind("", []))).toBe("420000000c0000000000000000");
  expect(hex(runBound)).toBe("45000000090000000000");
  expect(hex(sync)).toBe("5300000004");
  expect(hex(encodeCopyHead(256))).toBe("6400000104");
  expect(hex(copyDone)).toBe("6300000004");
});

test("many values, long ones and odd ones arrive as they are", async () => {
  await using resources = new AsyncDisposableStack();
  const { kysely, close } = await openDatabase({ kind: "temporary" });
  resources.defer(close);
  const numbers = Array.from({ length: 40_000 }, (_, at) => at);
  const { rows: sums } = await sql<{ sum: string }>`
    select sum(n::int)::text as sum from (values ${sql.join(numbers.map((n) => sql`(${n})`))}) as listed(n)`.execute(
    kysely,
  );
  expect(sums).toEqual([{ sum: String((40_000 * 39_999) / 2) }]);
  const bytes = numbers.map((n) => sql`(${new Uint8Array([n % 2])}::bytea)`);
  const { rows: counts } = await sql<{ count: string }>`
    select count(*)::text as count from (values ${sql.join(bytes)}) as listed(byte) where byte = '\\x01'`.execute(
    kysely,
  );
  expect(counts).toEqual([{ count: "20000" }]);
  const odd = ["", "'; drop table orders; --", "重量 \u{1F4E6}\r\n\t", "x".repeat(3_000_000), "\ud800"];
  const { rows } = await sql<{ texts: string[] }>`select array[${sql.join(odd)}]::text[] as texts`.execute(
    kysely,
  );
  expect(rows).toEqual([{ texts: [...odd.slice(0, -1), "\ufffd"] }]);
  await expect(sql`select ${"a\0b"}::text`.execute(kysely)).rejects.toMatchObject({ code: "22021" });
  await expect(
    sql`select 1 where 1 in (${sql.join(Array.from({ length: 65_536 }, () => 1))})`.execute(kysely),
  ).rejects.toThrow("out of range");
  expect((await sql`select 1 as one`.execute(kysely)).rows).toEqual([{ one: 1 }]);
});
