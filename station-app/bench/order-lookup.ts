import { join } from "node:path";
import { openReadOnly } from "../engine/core/open-database.ts";
import { openOrderLookup, orderByIdentifier } from "../engine/core/order-lookup.ts";
import { waybillOf, writeOrderFile } from "./order-file.ts";
import { printPairs } from "./statistics.ts";
import { withFolder } from "./with-folder.ts";

/**
 * One order among a million by a random waybill, as the core finds it, against the same SQL as a bare prepared
 * statement on a connection of its own, with the same JSON.parse of the body and nothing else.
 */
const orders = Number(process.env.ORDERS ?? 1_000_000);
const rounds = 9;
const lookupsPerRound = 4000;

await withFolder((dir) => {
  writeOrderFile(dir, orders);
  const path = join(dir, "orders.db");
  const lookup = openOrderLookup(path, 99);
  const db = openReadOnly(path);
  const bare = db.prepare(orderByIdentifier);
  const random = createRandom(7);
  const findOurs = (waybill: string): unknown => lookup.find([waybill]);
  const findBare = (waybill: string): unknown =>
    (bare.all(waybill) as { body: string }[]).map(({ body }) => JSON.parse(body) as unknown);

  const pairs = Array.from({ length: rounds + 1 }, () => {
    const waybills = Array.from({ length: lookupsPerRound }, () =>
      waybillOf(1 + Math.floor(random() * orders)),
    );
    // In turns, so that whatever else the machine does meets both; who goes first changes, for the second finds warm pages.
    let ours = 0;
    let theirs = 0;
    waybills.forEach((waybill, index) => {
      if (index % 2 === 0) ours += time(findOurs, waybill);
      theirs += time(findBare, waybill);
      if (index % 2 === 1) ours += time(findOurs, waybill);
    });
    return { value: (ours * 1000) / lookupsPerRound, limit: (theirs * 1000) / lookupsPerRound };
  });
  lookup.close();
  db.close();
  printPairs("order-lookup", "us", pairs.slice(1), 1.3);
});

function time(find: (waybill: string) => unknown, waybill: string): number {
  const startedAt = performance.now();
  find(waybill);
  return performance.now() - startedAt;
}

/** mulberry32: the same waybills in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
