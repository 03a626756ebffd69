import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { type Follower, type FollowOptions, followInFolder } from "../../test/support/follow-scripted.ts";
import { makeParts, type ScriptedShapes, serveScriptedShapes } from "../../test/support/scripted-shapes.ts";

let cloud: ScriptedShapes;
const stations: Follower[] = [];

beforeEach(async () => {
  cloud = await serveScriptedShapes({ chunkRows: 3 });
  cloud.putSettings();
});
afterEach(async () => {
  for (const station of stations.splice(0)) {
    station.stop();
    station.remove();
  }
  await cloud.close();
});

async function follow(options: FollowOptions = {}): Promise<Follower> {
  const station = await followInFolder(cloud.url, options);
  stations.push(station);
  return station;
}

const putOrders = (count: number): void => {
  for (let number = 1; number <= count; number += 1) cloud.putOrder(number);
};

test("a first fetch in chunks, then what changes: inserted, updated, gone", async () => {
  putOrders(10);
  const station = await follow();
  await waitUntil(() => station.find(10) !== undefined, "the first fetch");
  expect(station.lookup.findChannel("PKT")?.version).toBe(3);
  cloud.putOrder(11);
  cloud.putOrder(2, { revision: 2, city: "Leipzig" });
  await waitUntil(() => station.cityOf(2) === "Leipzig" && station.find(11) !== undefined, "the changes");
  cloud.change("releases", "delete", { order_id: makeParts(3).orders.order_id });
  await waitUntil(() => station.find(3) === undefined, "the withdrawal");
  expect(station.files).toEqual([]);
});

test("a refetch of one shape: every lookup is answered meanwhile, and what the cloud no longer has is gone after it", async () => {
  putOrders(8);
  const station = await follow();
  await waitUntil(() => station.find(8) !== undefined, "the first fetch");
  let unanswered = 0;
  const watch = setInterval(() => {
    if (station.find(1) === undefined || station.lookup.findChannel("PKT") === undefined) unanswered += 1;
  }, 1);
  cloud.invalidate("orders", (rows) => rows.delete(makeParts(5).orders.order_id));
  await waitUntil(() => station.files.length === 1, "the swap");
  clearInterval(watch);
  expect(unanswered).toBe(0);
  expect(station.find(5)).toBeUndefined();
  expect([1, 2, 3, 4, 6, 7, 8].every((number) => station.find(number) !== undefined)).toBe(true);
  expect(fetchedFromStart("shipments")).toBe(1);
  expect(readdirSync(station.dir).filter((name) => name.endsWith(".db"))).toEqual(["orders-1.db"]);
  cloud.putOrder(9);
  await waitUntil(() => station.find(9) !== undefined, "changes after the swap");
});

const fetchedFromStart = (table: string): number =>
  cloud.requests.filter(
    ({ searchParams }) => searchParams.get("table") === table && searchParams.get("offset") === "-1",
  ).length;

test.each(["shipments", "releases", "channels", "sort_plans"] as const)(
  "a refetch of %s alone leaves every order and setting visible",
  async (shape) => {
    putOrders(5);
    const station = await follow();
    await waitUntil(
      () => station.find(5) !== undefined && station.lookup.sortPlan().planId === "main",
      "all",
    );
    cloud.invalidate(shape);
    await waitUntil(() => station.files.length === 1, "the swap");
    expect([1, 2, 3, 4, 5].every((number) => station.find(number) !== undefined)).toBe(true);
    expect(station.lookup.findChannel("PKT")).toBeDefined();
    expect(station.lookup.sortPlan().planId).toBe("main");
  },
);

test("a table emptied in the cloud is empty here after its refetch", async () => {
  putOrders(4);
  const station = await follow();
  await waitUntil(() => station.find(4) !== undefined, "the first fetch");
  for (const shape of ["orders", "shipments", "releases"] as const)
    cloud.invalidate(shape, (rows) => rows.clear());
  await waitUntil(() => [1, 2, 3, 4].every((number) => station.find(number) === undefined), "the emptying");
  expect(station.lookup.findChannel("PKT")).toBeDefined();
});

test("a second 409 in the middle of a build starts that shape over in the build", async () => {
  putOrders(9);
  const station = await follow();
  await waitUntil(() => station.find(9) !== undefined, "the first fetch");
  let chunks = 0;
  cloud.intercept((url) => {
    const { searchParams } = url;
    if (searchParams.get("table") === "orders" && searchParams.get("offset")?.startsWith("0_") === true) {
      chunks += 1;
      if (chunks === 2) cloud.invalidate("orders", (rows) => rows.delete(makeParts(1).orders.order_id));
    }
    return false;
  });
  cloud.invalidate("orders");
  await waitUntil(() => station.files.length === 1, "the swap");
  expect(chunks).toBeGreaterThan(2);
  expect(station.find(1)).toBeUndefined();
  expect(station.find(9)).toBeDefined();
});

test("an order whose new revision is half there when a build ends stays as it was", async () => {
  putOrders(3);
  const station = await follow();
  await waitUntil(() => station.find(3) !== undefined, "the first fetch");
  const next = makeParts(2, { revision: 2, city: "Leipzig" });
  cloud.invalidate("orders", (rows) => rows.set(next.orders.order_id, next.orders));
  await waitUntil(() => station.files.length === 1, "the swap");
  expect(station.cityOf(2)).toBe("Berlin");
  cloud.change("releases", "update", next.releases);
  await waitUntil(() => station.cityOf(2) === "Leipzig", "the release");
});

test("a busy cloud does not keep a build from ending", async () => {
  putOrders(5);
  const station = await follow();
  await waitUntil(() => station.find(5) !== undefined, "the first fetch");
  let number = 100;
  const busy = setInterval(() => {
    number += 1;
    cloud.putOrder(number);
  }, 2);
  cloud.invalidate("releases");
  await waitUntil(() => station.files.length === 1, "the swap");
  clearInterval(busy);
  await waitUntil(() => station.find(number) !== undefined, "the last one");
});

test("a cloud that answers 409 without end is asked ever more slowly, and said so", async () => {
  putOrders(3);
  const station = await follow();
  await waitUntil(() => station.find(3) !== undefined, "the first fetch");
  let refused = 0;
  cloud.intercept((url, _, response) => {
    if (url.searchParams.get("table") !== "orders") return false;
    refused += 1;
    response.writeHead(409, { "electric-handle": `orders-none-${refused}` });
    response.end('[{"headers":{"control":"must-refetch"}}]');
    return true;
  });
  cloud.putOrder(4);
  cloud.invalidate("orders");
  await waitUntil(() => station.troubles.at(-1)?.code === "orders.refetch-loop", "the trouble");
  const before = refused;
  await waitUntil(() => refused > before, "it is still asked");
  expect(refused - before).toBeLessThan(3);
  expect(station.find(3)).toBeDefined();
  expect(readdirSync(station.dir).filter((name) => name.endsWith(".db")).length).toBe(2);
  cloud.intercept(() => false);
  await waitUntil(() => station.files.length === 1 && station.troubles.at(-1) === null, "the end", 60_000);
  expect(station.find(4)).toBeDefined();
}, 90_000);

test("rows that are not valid are counted and left out; the stream goes on", async () => {
  putOrders(2);
  const station = await follow();
  await waitUntil(
    () => station.find(2) !== undefined && station.lookup.findChannel("PKT") !== undefined,
    "all",
  );
  cloud.change("channels", "update", { code: "PKT", version: "4", body: '{"code":"PKT"}' });
  cloud.change("orders", "update", { order_id: makeParts(1).orders.order_id, revision: "two", body: "{}" });
  cloud.putOrder(3);
  await waitUntil(() => station.find(3) !== undefined && station.troubles.length > 0, "the next order");
  await waitUntil(() => station.troubles.at(-1)?.details.count === 2, "both are told");
  expect(station.troubles.at(-1)).toMatchObject({ code: "orders.rows-refused" });
  expect(station.lookup.findChannel("PKT")?.version).toBe(3);
  // Not even a refetch takes the former version away.
  cloud.invalidate("channels");
  await waitUntil(() => station.files.length === 1, "the swap");
  expect(station.lookup.findChannel("PKT")?.version).toBe(3);
  cloud.putSettings();
  cloud.putOrder(1, { revision: 2 });
  await waitUntil(() => station.troubles.at(-1) === null, "all valid again");
});

test("after weeks away the stored offset is refused; the orders serve until the new ones are whole", async () => {
  putOrders(5);
  const first = await follow();
  await waitUntil(
    () => first.find(5) !== undefined && first.replica.position("sort_plans") !== undefined,
    "all",
  );
  first.stop();
  stations.pop();
  for (const shape of ["orders", "shipments", "releases", "channels", "sort_plans"] as const)
    cloud.invalidate(shape);
  cloud.putOrder(6);
  const held = Promise.withResolvers<void>();
  const live = new Set<string>();
  cloud.intercept(async ({ searchParams }) => {
    const table = searchParams.get("table") ?? "";
    if (searchParams.get("live") === "true") live.add(table);
    if (table === "shipments" && searchParams.get("offset") === "-1") await held.promise;
    return false;
  });
  const second = await follow({ dir: first.dir });
  const others = ["orders", "releases", "channels", "sort_plans"] as const;
  await waitUntil(
    () => others.every((shape) => live.has(shape) && second.replica.isUpToDate(shape)),
    "all shapes but one",
  );
  expect(second.files).toEqual([]);
  expect([1, 2, 3, 4, 5].every((number) => second.find(number) !== undefined)).toBe(true);
  held.resolve();
  await waitUntil(() => second.find(6) !== undefined, "the swap");
  expect(second.find(1)).toBeDefined();
});

test("a refused token waits for the next one, which every stream takes", async () => {
  putOrders(2);
  let good = "first-token-of-the-tests";
  cloud.intercept((_, request, response) => {
    if (request.headers.authorization === `Bearer ${good}`) return false;
    response.writeHead(401).end("{}");
    return true;
  });
  const station = await follow({ token: good });
  await waitUntil(() => station.find(2) !== undefined, "the first fetch");
  good = "second-token-of-the-tests";
  for (const table of ["orders", "shipments", "releases"] as const)
    cloud.change(table, "insert", makeParts(3)[table]);
  await waitUntil(() => station.refusals.length === 1, "the refusal");
  const asked = cloud.requests.length;
  station.tokens.set(good);
  await waitUntil(() => station.find(3) !== undefined, "the streams go on");
  expect(asked).toBeLessThan(60);
  expect(station.refusals.length).toBe(1);
});

test("neither a refusal nor an answer that is no shape ends a stream for good", async () => {
  putOrders(1);
  let answers = 0;
  cloud.intercept((_, __, response) => {
    answers += 1;
    if (answers > 12) return false;
    response.writeHead(answers % 2 === 0 ? 400 : 200).end("not a shape");
    return true;
  });
  const station = await follow();
  await waitUntil(() => station.find(1) !== undefined, "the orders");
  expect(station.links.some((failure) => failure?.code === "cloud.refused")).toBe(true);
});

const largeShapes = ["releases", "shipments", "orders"];
/** Without those that are held: tables in the order their rows were asked for. */
const caughtUp = (): string[] =>
  cloud.requests.flatMap(({ searchParams }) => {
    const table = searchParams.get("table") ?? "";
    return largeShapes.includes(table) && searchParams.get("live") !== "true" ? [table] : [];
  });

test("shapes with a row for every order catch up one after the other, releases first", async () => {
  putOrders(20);
  const station = await follow();
  await waitUntil(() => station.find(20) !== undefined, "the first fetch");
  const asked = caughtUp();
  expect(asked.length).toBeGreaterThan(3 * 7);
  expect(asked).toEqual(
    asked.toSorted((one, other) => largeShapes.indexOf(one) - largeShapes.indexOf(other)),
  );
});

test("a shape that fails holds up no other", async () => {
  putOrders(5);
  let refusing = true;
  cloud.intercept((url, _, response) => {
    if (!refusing || url.searchParams.get("table") !== "releases") return false;
    response.writeHead(503).end();
    return true;
  });
  const station = await follow();
  await waitUntil(
    () => station.replica.isUpToDate("shipments") && station.replica.isUpToDate("orders"),
    "the others",
  );
  expect(station.replica.isUpToDate("releases")).toBe(false);
  refusing = false;
  await waitUntil(() => station.find(5) !== undefined, "the releases");
});
