import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { type Follower, followInFolder } from "../../test/support/follow-scripted.ts";
import { type ScriptedShapes, serveScriptedShapes } from "../../test/support/scripted-shapes.ts";
import { openReplica } from "../core/open-database.ts";
import { locateOrders } from "./order-files.ts";
import { prepareOrders } from "./orders-schema.ts";

let cloud: ScriptedShapes;
let dir: string;
const orders = 60;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "waystation-replica-"));
  cloud = await serveScriptedShapes();
  cloud.putSettings();
  for (let number = 1; number <= orders; number += 1) cloud.putOrder(number);
  await withStation(() => undefined);
});
afterEach(async () => {
  await cloud.close();
  rmSync(dir, { recursive: true, force: true });
});

async function withStation(play: (station: Follower) => void | Promise<void>): Promise<void> {
  const station = await followInFolder(cloud.url, { dir });
  try {
    await waitUntil(() => isWhole(station), "all orders");
    await play(station);
  } finally {
    station.stop();
  }
}

const isWhole = (station: Follower): boolean =>
  Array.from({ length: orders }, (_, index) => station.find(index + 1)).every(
    (found) => found !== undefined,
  ) &&
  station.lookup.findChannel("PKT") !== undefined &&
  station.lookup.sortPlan().planId === "main" &&
  station.replica.position("releases") !== undefined;

const live = (): string => locateOrders(join(dir, "orders.db"));

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  "no database": (path) => writeFileSync(path, "this is no database at all, but a text".repeat(300)),
  "of no length": (path) => truncateSync(path, 0),
  "cut in the middle": (path) => truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096),
  "cut within a page": (path) => truncateSync(path, statSync(path).size - 1500),
  "a header of noise": (path) => overwrite(path, 0, Buffer.alloc(100, 0xa7)),
  "pages of noise": (path) => {
    for (let page = 1; page * 4096 < statSync(path).size; page += 1)
      overwrite(path, page * 4096, Buffer.alloc(64, 0x5b));
  },
};

test.each(Object.keys(damages))("a file found %s is fetched again, and the screen is told", async (name) => {
  damages[name]?.(live());
  cloud.intercept(() => new Promise(() => undefined));
  const cut = await followInFolder(cloud.url, { dir });
  expect(cut.troubles[0], "seen before anything is read").toMatchObject({ code: "orders.rebuilding" });
  cut.stop();
  cloud.intercept(() => false);
  await withStation(async (station) => {
    await waitUntil(() => station.troubles.at(-1) === null, "the end of the trouble");
    expect(isWhole(station)).toBe(true);
  });
  const found = new Database(live());
  expect(found.pragma("quick_check", { simple: true })).toBe("ok");
  found.close();
});

test("pages damaged while they are in use: what is readable serves, the rest comes again, nothing stops", async () => {
  const station = await followInFolder(cloud.url, { dir });
  try {
    await waitUntil(() => isWhole(station), "all orders");
    const path = live();
    for (let page = 2; page * 4096 < statSync(path).size; page += 1)
      overwrite(path, page * 4096, Buffer.alloc(4096, 0x5b));
    // The cache of the reading connection may still know its pages: another one is opened as after a restart of the core.
    station.lookup.reopen(path);
    station.find(30);
    await waitUntil(() => station.files.length === 1, "the swap");
    await waitUntil(() => isWhole(station), "all orders again");
    expect(station.troubles.some((failure) => failure?.code === "orders.rebuilding")).toBe(true);
    expect(station.troubles.at(-1)).toBeNull();
  } finally {
    station.stop();
  }
});

test("a torn -wal goes back to an older whole state, and the stream goes on from there", async () => {
  const path = live();
  const station = await followInFolder(cloud.url, { dir });
  await waitUntil(() => isWhole(station), "all orders");
  cloud.putOrder(orders + 1);
  await waitUntil(() => station.find(orders + 1) !== undefined, "one more");
  const wal = readFileSync(`${path}-wal`);
  const main = readFileSync(path);
  station.stop();
  writeFileSync(path, main);
  wal.fill(0x33, Math.floor(wal.length * 0.6));
  writeFileSync(`${path}-wal`, wal);
  await withStation(async (again) => {
    await waitUntil(() => again.find(orders + 1) !== undefined, "the last one again");
    expect(again.troubles).toEqual([]);
  });
});

test("a file of version 1 is taken along without a fetch; one of a later version serves until it is replaced", async () => {
  const path = live();
  const file = openReplica(path);
  file.exec(`ALTER TABLE releases ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE channels ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sort_plans ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE shape_offsets DROP COLUMN complete; ALTER TABLE shape_offsets DROP COLUMN clearing;
    ALTER TABLE shape_offsets ADD COLUMN generation INTEGER NOT NULL DEFAULT 0; PRAGMA user_version = 1`);
  file.close();
  const asked = cloud.requests.length;
  await withStation((station) => expect(station.files).toEqual([]));
  const fromStart = cloud.requests
    .slice(asked)
    .filter(
      ({ searchParams: query }) => query.get("offset") === "-1" && query.get("table") !== "acknowledgements",
    );
  expect(fromStart).toEqual([]);

  const later = openReplica(path);
  later.pragma("user_version = 9");
  expect(prepareOrders(later)).toBe("foreign");
  later.close();
  await withStation((station) => waitUntil(() => station.files.length === 1, "the swap"));
  expect(existsSync(path)).toBe(false);
});

test("leftovers of a swap are removed, a build of noise is thrown away", async () => {
  const path = live();
  writeFileSync(join(dir, "orders.next.db"), "noise".repeat(5000));
  writeFileSync(join(dir, "orders.copy.db"), "noise");
  appendFileSync(join(dir, "orders.next.db-wal"), "noise");
  await withStation(() => undefined);
  expect(readdirSync(dir).filter((name) => name.endsWith(".db"))).toEqual([path.slice(dir.length + 1)]);
});
