import { expect, test } from "vitest";
import { type Acknowledgement, createAcknowledgementRows } from "./acknowledgement-rows.ts";
import type { ShapeChange } from "./shape-row.ts";

const row = (logId: string, received: number | null, durable: number | null): ShapeChange["row"] => ({
  station_id: "station-1",
  log_id: logId,
  received_through: received === null ? null : String(received),
  durable_through: durable === null ? null : String(durable),
});
const insert = (...given: Parameters<typeof row>): ShapeChange => ({
  operation: "insert",
  row: row(...given),
});
const update = (changed: ShapeChange["row"]): ShapeChange => ({ operation: "update", row: changed });

function open() {
  const told: (Acknowledgement | readonly Acknowledgement[])[] = [];
  const take = createAcknowledgementRows({
    onAcknowledged: (one) => told.push(one),
    onAcknowledgements: (all) => told.push(all),
  });
  return { told, take };
}
const live = { restarts: false, isUpToDate: true };

test("a snapshot and what follows it are told as one, only when they are up to date", () => {
  const { told, take } = open();
  take([insert("a", 10, 5), insert("b", 1, 1)], { restarts: false, isUpToDate: false });
  expect(told).toEqual([]);
  take([update(row("a", 30, 20)), { operation: "delete", row: row("b", null, null) }], live);
  expect(told).toEqual([[{ logId: "a", receivedThrough: 30, durableThrough: 20 }]]);
});

test("later changes are told one by one, also those that bear only what changed", () => {
  const { told, take } = open();
  take([insert("a", 10, 5)], live);
  take(
    [update({ log_id: "a", durable_through: "10" }), update({ log_id: "a", received_through: "bad" })],
    live,
  );
  expect(told.slice(1)).toEqual([{ logId: "a", receivedThrough: 10, durableThrough: 10 }]);
});

test("after a refetch everything is told anew, and a log that is gone is not among it", () => {
  const { told, take } = open();
  take([insert("a", 10, 5), insert("b", 3, 3)], live);
  take([insert("b", 2, 2)], { restarts: true, isUpToDate: false });
  take([], live);
  expect(told.slice(1)).toEqual([[{ logId: "b", receivedThrough: 2, durableThrough: 2 }]]);
  take([], live);
  expect(told).toHaveLength(2);
});
