import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeParts } from "../../test/support/scripted-shapes.ts";
import { openReplica, type Sqlite } from "../core/open-database.ts";
import { prepareOrders } from "./orders-schema.ts";
import { cutChanges, type ReplicatedShape, type ShapeRow } from "./shape-row.ts";
import { createShapeWriter, type ShapeWriter } from "./shape-writer.ts";

let dir: string;
let db: Sqlite;
let writer: ShapeWriter;
let refused: string[];
const at = { handle: "h-1", offset: "1_0" };
const pause = (): Promise<void> => Promise.resolve();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "waystation-writer-"));
  db = openReplica(join(dir, "orders.db"));
  prepareOrders(db);
  refused = [];
  writer = createShapeWriter(db, (shape, key, valid) => {
    if (!valid) refused.push(`${shape}/${key}`);
  });
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

const insert = (shape: ReplicatedShape, row: ShapeRow): void =>
  writer.apply(shape, [{ operation: "insert", row }], at, false);
const drop = (shape: ReplicatedShape, key: string): void =>
  writer.apply(shape, [{ operation: "delete", row: { order_id: key } }], at, false);
const cities = (): unknown =>
  db.prepare("SELECT body ->> '$.consignee.city' FROM orders ORDER BY order_id").pluck().all();
const count = (table: string): number => Number(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());

test.each([
  ["orders", "shipments", "releases"],
  ["releases", "shipments", "orders"],
  ["shipments", "releases", "orders"],
] as const)("an order shows only with its last part: %s, %s, %s", (...sequence) => {
  const parts = makeParts(1);
  for (const shape of sequence) {
    expect(cities()).toEqual([]);
    insert(shape, parts[shape]);
  }
  expect(cities()).toEqual(["Berlin"]);
  expect(count("pending_orders") + count("pending_shipments")).toBe(0);
  expect(db.prepare("SELECT value FROM identifiers ORDER BY value").pluck().all()).toEqual([
    "WS0000000001",
    "YT0000000000000001",
  ]);
});

test("a new revision half-way leaves the former one, in whatever order its parts come", () => {
  for (const sequence of [
    ["orders", "releases"],
    ["releases", "orders"],
  ] as const) {
    const first = makeParts(1);
    for (const shape of ["orders", "shipments", "releases"] as const) insert(shape, first[shape]);
    const next = makeParts(1, { revision: 2, city: "Leipzig" });
    insert(sequence[0], next[sequence[0]]);
    expect(cities()).toEqual(["Berlin"]);
    insert(sequence[1], next[sequence[1]]);
    expect(cities()).toEqual(["Leipzig"]);
  }
});

test("without any one of its three rows an order is not shown, and comes back when that row does", () => {
  const parts = makeParts(1);
  for (const shape of ["orders", "shipments", "releases"] as const) insert(shape, parts[shape]);
  for (const shape of ["orders", "shipments", "releases"] as const) {
    drop(shape, parts.orders.order_id);
    expect(cities()).toEqual([]);
    expect(count("labels") + count("identifiers")).toBe(0);
    insert(shape, parts[shape]);
    expect(cities()).toEqual(["Berlin"]);
  }
});

test("an update that bears only what changed is completed from the stored row", () => {
  const parts = makeParts(1);
  for (const shape of ["orders", "shipments", "releases"] as const) insert(shape, parts[shape]);
  const next = makeParts(1, { city: "Leipzig" });
  const update = (shape: ReplicatedShape, row: ShapeRow): void =>
    writer.apply(shape, [{ operation: "update", row }], at, false);
  update("orders", { order_id: next.orders.order_id, body: next.orders.body });
  update("shipments", { order_id: next.orders.order_id, revision: "2" });
  update("releases", { order_id: next.orders.order_id, parts_hash: next.releases.parts_hash });
  expect(cities()).toEqual(["Leipzig"]);
  expect(refused).toEqual([]);
});

test.each([
  [{ revision: "1", body: "{}" }],
  [{ order_id: "", revision: "1", body: "{}" }],
  [{ order_id: "order-1", revision: "-1", body: "{}" }],
  [{ order_id: "order-1", revision: "1e9", body: "{}" }],
  [{ order_id: "order-1", revision: "1", body: null }],
  [{ order_id: "order-1", revision: null, body: "{}" }],
  [{ order_id: "x".repeat(300), revision: "1", body: "{}" }],
  [{ order_id: "order-1", revision: "1", body: { a: 1 } as unknown as string }],
  [{ order_id: 7 as unknown as string, revision: "1", body: "{}" }],
])("a row that cannot be stored is refused and the batch goes on: %j", (row) => {
  const good = makeParts(2).orders;
  writer.apply(
    "orders",
    [
      { operation: "insert", row },
      { operation: "insert", row: good },
    ],
    at,
    false,
  );
  expect(refused).toHaveLength(1);
  expect(db.prepare("SELECT order_id FROM pending_orders").pluck().all()).toEqual([good.order_id]);
});

test("a released body that is no order is refused and the former version stays", () => {
  const parts = makeParts(1);
  for (const shape of ["orders", "shipments", "releases"] as const) insert(shape, parts[shape]);
  const other = makeParts(2);
  // Another order's text under this one's number, and released as such.
  insert("orders", { ...other.orders, order_id: parts.orders.order_id });
  insert("shipments", { ...other.shipments, order_id: parts.orders.order_id });
  insert("releases", { ...other.releases, order_id: parts.orders.order_id });
  expect(refused).toContain("orders/order-1");
  expect(cities()).toEqual(["Berlin"]);
  expect(count("identifiers")).toBe(2);
});

test("rows and offset are in together or not at all", async () => {
  const changes = Array.from({ length: 600 }, (_, index) => ({
    operation: "insert" as const,
    row: makeParts(index + 1).orders,
  }));
  let pauses = 0;
  const torn = writer.applyInPieces("orders", changes, { handle: "h-2", offset: "2_0" }, true, async () => {
    pauses += 1;
    if (pauses === 2) throw new Error("the thread ends here");
  });
  await expect(torn).rejects.toThrow("the thread ends here");
  expect(count("pending_orders")).toBe(0);
  expect(writer.position("orders")).toBeUndefined();
  await writer.applyInPieces("orders", changes, { handle: "h-2", offset: "2_0" }, true, pause);
  expect(count("pending_orders")).toBe(600);
  expect(writer.position("orders")).toEqual({ handle: "h-2", offset: "2_0" });
});

test("a shape that starts over has no position, and its rows go, even when a crash lies between", async () => {
  for (const number of [1, 2, 3])
    for (const shape of ["orders", "shipments", "releases"] as const) insert(shape, makeParts(number)[shape]);
  writer.startOver("shipments");
  expect(writer.position("shipments")).toBeUndefined();
  const second = createShapeWriter(db);
  await second.clear(pause);
  expect(count("orders") + count("labels") + count("pending_shipments")).toBe(0);
  expect(count("pending_orders")).toBe(3);
  expect(count("releases")).toBe(3);
  for (const number of [1, 2, 3]) insert("shipments", makeParts(number).shipments);
  expect(cities()).toEqual(["Berlin", "Berlin", "Berlin"]);
});

test("pieces are bounded in rows and in size", () => {
  const row = (size: number) => ({ operation: "insert" as const, row: { body: "x".repeat(size) } });
  const sizes = (pieces: Iterable<readonly unknown[]>): number[] => [...pieces].map((piece) => piece.length);
  const limits = { rows: 3, characters: 100 };
  expect(sizes(cutChanges([], limits))).toEqual([]);
  expect(
    sizes(
      cutChanges(
        Array.from({ length: 7 }, () => row(1)),
        limits,
      ),
    ),
  ).toEqual([3, 3, 1]);
  expect(sizes(cutChanges([row(60), row(60), row(500), row(1)], limits))).toEqual([1, 1, 1, 1]);
});
