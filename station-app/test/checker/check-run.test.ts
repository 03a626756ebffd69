import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CheckReport } from "./check-run.ts";
import { type Line, type MadeRun, makeRun, type Spoiling } from "./make-run.test-support.ts";
import {
  alarm,
  createSpoilings,
  inCloud,
  inOrders,
  inStation,
  inTwins,
  otherHash,
  prunedThrough,
} from "./spoil-run.test-support.ts";

let made: MadeRun;
beforeAll(async () => {
  made = await makeRun();
});
afterAll(() => made.remove());
const { last, retell, otherBranch, unseenBranch, branchInUse, labelOfLostBranch } = createSpoilings(
  () => made,
);

/** Each as one text, "rule: what". */
const findingsIn = ({ findings }: CheckReport): string[] =>
  findings.map(({ rule, what }) => `${rule}: ${what}`);

test("a whole run has no findings, and everything in it was looked at", async () => {
  const { findings, counts } = await made.check();
  expect(findings).toEqual([]);
  const facts = made.facts.length;
  expect(counts).toMatchObject({
    ...{ stations: 1, stationFacts: facts, cloudFacts: facts, hashes: 2 * facts, acknowledgements: 1 },
    ...{ stationParcels: 13, cloudParcels: 13, parcels: 13, releases: 20, visibleOrders: 20 },
    ...{ labels: 12, diverts: 10, landed: 9, inducted: 10, labelsAPersonAskedFor: 1 },
  });
  expect(facts).toBeGreaterThan(80);
});

const breaks: readonly (readonly [expected: string | RegExp, () => Spoiling])[] = [
  [/^union: the cloud lacks .+\/120$/, () => inCloud("DELETE FROM facts WHERE sequence = 120")],
  [
    /^union: the cloud has another text/,
    () => inCloud("UPDATE facts SET text = replace(text, '\"lane\"', ' \"lane\"') WHERE sequence = 7"),
  ],
  [
    /^union: .*no file of the station has that text$/,
    () => inStation("DELETE FROM facts WHERE sequence = 120"),
  ],
  [
    /^union: the cloud has .+\/9 twice$/,
    () =>
      inCloud(`INSERT INTO facts SELECT station_id, log_id, sequence, (month + interval '1 month')::date, text, hash,
        type, version, lane, parcel_id, occurred_at, received_at FROM facts WHERE sequence = 9`),
  ],
  [/^union: columns of .+\/9 /, () => inCloud("UPDATE facts SET parcel_id = 'x' WHERE sequence = 9")],
  [
    /^union: the station deleted facts through 120 /,
    () => ({
      ...inStation("UPDATE log SET pruned_through = 120", "DELETE FROM facts"),
      cloud: ["DELETE FROM facts WHERE sequence = 120"],
    }),
  ],
  [
    /^union: the cloud has facts of station-2$/,
    () => inCloud("UPDATE acknowledgements SET station_id = 'station-2'"),
  ],
  [/^gap: the cloud lacks .+\/50 to 51$/, () => inCloud("DELETE FROM facts WHERE sequence IN (50, 51)")],
  [/^gap: facts.db lacks .+\/50 to 50$/, () => inStation("DELETE FROM facts WHERE sequence = 50")],
  [/^gap: facts.db has .+\/1, which was deleted$/, () => inStation("UPDATE log SET pruned_through = 3")],
  [
    /^chain: in the cloud .+\/7 is not what/,
    () => inCloud("UPDATE facts SET text = text || ' ' WHERE sequence = 7"),
  ],
  [/^chain: in facts.db .+\/7 is not what/, () => inStation(otherHash)],
  [/^chain: in facts.db .+\/8 does not name/, () => inStation(otherHash)],
  [/^chain: facts.db is not whole: /, () => inStation("DROP TABLE facts")],
  [/^fork: .+\/120 and 0 more are two texts, and nobody noticed$/, () => ({ station: otherBranch() })],
  [/^fork: an alarm tells of a fork of .+, and there is none$/, () => inCloud(alarm)],
  [
    "fork: an older copy was put back, and nobody noticed",
    () => ({ ...inStation("DELETE FROM facts WHERE sequence = 120"), station: { forked: true } }),
  ],
  [
    /^acknowledged: the station counts 120 as acknowledged, and the cloud has another text of it$/,
    () => ({ station: { ...branchInUse(), forked: true }, cloud: [alarm] }),
  ],
  [
    /^union: the cloud lacks .+\/120$/,
    () => ({ ...unseenBranch(), ...inCloud("DELETE FROM facts WHERE sequence = 120") }),
  ],
  [
    /^parcels: facts.db says chute 4 of .+ facts 3$/,
    () => inStation("UPDATE parcels SET chute = 4 WHERE parcel_index = 1"),
  ],
  [/^parcels: facts.db has no row of /, () => inStation("DELETE FROM parcels WHERE parcel_index = 1")],
  [
    /^parcels: facts.db has a row of x and no fact/,
    () => inStation("UPDATE parcels SET parcel_id = 'x' WHERE parcel_index = 1"),
  ],
  [
    /^parcels: the cloud says outcome rejected of .+ facts accepted$/,
    () => inCloud("UPDATE parcels SET outcome = 'rejected'"),
  ],
  [/^parcels: the cloud says fact_count 1 of /, () => inCloud("UPDATE parcels SET fact_count = 1")],
  [
    "intent: printer printed a label of order-1, and no label was requested by then",
    () =>
      inTwins({ event: "label" }, (line) => {
        const { logId, sequence } = line.committed as { logId: string; sequence: number };
        return [{ ...line, committed: { logId, sequence: sequence - 1 } }];
      }),
  ],
  [
    "intent: printer printed a label of order-20, and no label was requested by then",
    () => labelOfLostBranch((lines, label) => [label, ...lines]),
  ],
  [
    "intent: printer printed a label of nobody (K), and no label was requested by then",
    () => inTwins({ event: "label" }, (line) => [{ ...line, keys: ["K"] }]),
  ],
  [
    "intent: printer printed a label of order-2, and no label was requested by then",
    () => inTwins({ event: "label" }, ({ committed: _, ...line }) => [{ ...line, atMs: 0 }]),
  ],
  [
    "intent: sorter was told chute 4 for parcel 1, which nobody requested by then",
    () => inTwins({ event: "divert", parcelIndex: 1 }, (line) => [{ ...line, chute: 4 }]),
  ],
  ["once: 2 labels of order-1 came out", () => inTwins({ event: "label" }, (line) => [line, line])],
  [
    "once: 4 labels of order-13 came out",
    () =>
      inTwins({ event: "label" }, (line) =>
        String(line.keys).includes("WS0000000013") ? [line, line] : [line],
      ),
  ],
  [
    "once: a label of order-1 is recorded as printed, and none came out",
    () => ({ twins: (lines) => lines.filter(({ keys }) => !String(keys).includes("WS0000000001")) }),
  ],
  [
    "once: parcel 2 was diverted 2 times",
    () => inTwins({ event: "divert", parcelIndex: 2 }, (line) => [line, line]),
  ],
  [
    /^once: a second label of order-1 was requested while .+ may have come out$/,
    () => retell(2, { "label.requested": { payload: { orderId: "order-1" } } }),
  ],
  [
    "chute: parcel 1 lies in chute 4 and was sent to 3",
    () => inTwins({ event: "landed", parcelIndex: 1 }, (line) => [{ ...line, chute: 4 }]),
  ],
  [
    "chute: parcel 1 lies in chute 3 and belongs in 4",
    () => retell(1, { "parcel.judged": { payload: { chute: 4 } } }),
  ],
  [
    "chute: parcel 1 lies in chute 99 and ended accepted",
    () => inTwins({ event: "landed", parcelIndex: 1 }, (line) => [{ ...line, chute: 99 }]),
  ],
  [
    "chute: parcel 1 lies in chute 3 and ended in 4",
    () => retell(1, { "parcel.ended": { payload: { chute: 4 } } }),
  ],
  [
    "forgotten: parcel 77 was announced, and no fact tells of it",
    () => ({ twins: (lines) => [...lines, { event: "inducted", parcelIndex: 77, told: true }] }),
  ],
  [
    "forgotten: parcel 1 is 2 parcels in the facts",
    () => retell(2, { "parcel.inducted": { payload: { parcelIndex: 1 } } }),
  ],
  ...[
    ["never ended", { "parcel.ended": "parcel.left" }],
    ["ended 2 times", { "parcel.weighed": "parcel.ended" }],
    ["has a label without an outcome", { "label.printed": "label.left" }],
    ["has a label that is printed and was never requested", { "label.requested": "label.left" }],
    ["has a label that was printed and then failed", { "parcel.ended": "label.failed" }],
    ["asked for a label while one was printed", { "divert.requested": "label.requested" }],
    ["has a divert without an outcome", { "divert.confirmed": "divert.left" }],
    ["has divert.confirmed.v1 without a request", { "divert.requested": "divert.left" }],
    ["was sent to a chute 2 times", { "divert.confirmed": "divert.requested" }],
    ["was confirmed in chutes 3,99", { "parcel.ended": "divert.confirmed" }, { chute: 99 }],
    [
      "has the same outcome of its divert twice",
      { "divert.confirmed": "divert.failed", "parcel.ended": "divert.failed" },
    ],
    ["has the same outcome of its divert twice", { "parcel.ended": "divert.confirmed" }, { commandId: null }],
    ["ended accepted after label.unknown.v1", { "label.printed": "label.unknown" }],
    ["was sent to chute 3 with a label in doubt", { "label.printed": "label.unknown" }],
    ["ended accepted in chute 3 after divert.unknown.v1", { "divert.confirmed": "divert.unknown" }],
  ].map(
    ([what, types, payload = {}]) =>
      [
        new RegExp(`^ended: parcel [^ ]+ ${String(what)}$`),
        () =>
          retell(
            1,
            Object.fromEntries(
              Object.entries(types as Line).map(([from, to]) => [from, { type: to, payload }]),
            ),
          ),
      ] as const,
  ),
  [
    /^ended: parcel .+ is on a belt, and its doubt .+ resolved by word$/,
    () => ({ station: { benchLanes: [] } }),
  ],
  [
    /^ended: parcel .+ in doubt that no person resolved$/,
    () => retell(12, { "label.resolved": { actor: { kind: "engine" } } }),
  ],
  [
    "ledger: ledger_entries sums to -1 EUR",
    () =>
      inCloud(
        "CREATE TABLE ledger_entries (amount_minor bigint, currency text)",
        "INSERT INTO ledger_entries VALUES (7, 'EUR'), (-8, 'EUR'), (5, 'USD'), (-5, 'USD')",
      ),
  ],
  [
    /^acknowledged: the station believes that the cloud has .+ through 121$/,
    () => inStation("UPDATE log SET acknowledged_through = 121"),
  ],
  [
    "acknowledged: the station recorded through 120 and knows of 119 acknowledged",
    () => inStation("UPDATE log SET acknowledged_through = 119"),
  ],
  [
    "acknowledged: the station was told that 121 is durable, and the cloud does not have it",
    () => inStation("UPDATE log SET durable_through = 121"),
  ],
  [
    "acknowledged: the station deleted through 4, and 3 is durable",
    () => inStation("UPDATE log SET durable_through = 3, pruned_through = 4"),
  ],
  [
    /^acknowledged: the cloud acknowledges .+ through 121 and has it through 120$/,
    () => inCloud("UPDATE acknowledgements SET received_through = 121"),
  ],
  [/^acknowledged: the cloud's last hash/, () => inCloud("UPDATE acknowledgements SET last_hash = 'x'")],
  [
    /^acknowledged: the cloud calls more of /,
    () => inCloud("UPDATE acknowledgements SET durable_through = 121"),
  ],
  [/^acknowledged: the cloud has facts of .+ and no ack/, () => inCloud("DELETE FROM acknowledgements")],
  [
    "acknowledged: the release of order-2 does not name the parts the cloud has",
    () => inCloud("UPDATE shipments SET body = '{}' WHERE order_id = 'order-2'"),
  ],
  [
    "acknowledged: release and order of order-2 are of different revisions",
    () => inCloud("UPDATE orders SET revision = 2 WHERE order_id = 'order-2'"),
  ],
  [
    "replica: order-3 is released and not shown",
    () => inOrders("DELETE FROM orders WHERE order_id = 'order-3'"),
  ],
  [
    "replica: order-3 is shown, and the cloud has not released it",
    () => inCloud("DELETE FROM releases WHERE order_id = 'order-3'"),
  ],
  [
    "replica: order-3 is shown as revision 2, the cloud has 1",
    () => inOrders("UPDATE orders SET revision = 2 WHERE order_id = 'order-3'"),
  ],
  [
    "replica: order-3 is shown with other parts than its release names",
    () => inOrders("UPDATE labels SET body = '{}' WHERE order_id = 'order-3'"),
  ],
  [/^replica: orders.db is not whole: /, () => inOrders("DROP TABLE labels")],
];

test.each(breaks)("it says %s", async (expected, spoil) => {
  expect(findingsIn(await made.check(spoil()))).toContainEqual(
    typeof expected === "string" ? expected : expect.stringMatching(expected),
  );
});

const harmless: readonly (readonly [string, () => Spoiling])[] = [
  ["a fork that the cloud noticed", () => ({ station: otherBranch(), cloud: [alarm] })],
  ["an older copy put back, of whose other branch nothing ever left the station", () => unseenBranch()],
  ["a ledger that sums to zero", () => inCloud("CREATE TABLE ledger AS SELECT 0 AS amount_minor")],
  ["facts that were deleted because the cloud holds them for good", () => inStation(...prunedThrough(30))],
  [
    "what a branch that was lost did, where the one in use deleted its own facts of those numbers",
    () => {
      const pruned = join(made.root, "pruned.db");
      copyFileSync(made.station.factsFiles[0] ?? "", pruned);
      const db = new Database(pruned);
      for (const statement of prunedThrough(last())) db.exec(statement);
      db.close();
      const label = { type: "label.requested", payload: { jobId: "another", orderId: "order-1" } };
      const [, lost = ""] = otherBranch((text) =>
        JSON.stringify({ ...JSON.parse(text), ...label }),
      ).factsFiles;
      return { station: { factsFiles: [pruned, lost], forked: true }, cloud: [alarm] };
    },
  ],
  [
    "a label that was on its way when an older copy was put in the file's place",
    () => labelOfLostBranch((lines, label) => [...lines, label]),
  ],
  [
    "what an unfinished run has not sent, ended or shown yet",
    () => ({
      ...inOrders("DELETE FROM orders WHERE order_id = 'order-3'"),
      ...inStation("UPDATE log SET acknowledged_through = 119, durable_through = 0"),
      run: { quiesced: false },
      cloud: [
        "DELETE FROM facts WHERE sequence = 120",
        `UPDATE acknowledgements SET received_through = 119, last_hash = '${made.facts[118]?.hash}'`,
        `UPDATE parcels SET outcome = NULL, fact_count = 6, last_fact = 'label.printed.v1', reasons = '[]'
         WHERE parcel_id = '${JSON.parse(made.facts[119]?.text ?? "").parcelId}'`,
      ],
    }),
  ],
  [
    "what a cloud that was put back does not know any more",
    () => ({
      ...inStation("UPDATE log SET acknowledged_through = 121, durable_through = 0"),
      run: { quiesced: false, cloudRestored: true },
    }),
  ],
  [
    "an orders.db whose place a numbered one has taken",
    () => ({
      orders: (db) => {
        db.prepare("VACUUM INTO ?").run(join(dirname(db.name), "orders-2.db"));
        db.exec("DELETE FROM orders");
      },
    }),
  ],
  [
    "a parcel that passed unannounced",
    () => ({ twins: (lines) => [...lines, { event: "inducted", parcelIndex: 78, told: false }] }),
  ],
  [
    "a command that the sorter did not take twice",
    () => inTwins({ event: "divert", parcelIndex: 2 }, (line) => [line, { ...line, accepted: false }]),
  ],
];

test.each(harmless)("it says nothing of %s", async (_, spoil) => {
  expect(findingsIn(await made.check(spoil()))).toEqual([]);
});

test("one broken thing is not told a thousand times", async () => {
  const { findings, counts } = await made.check(inStation("UPDATE facts SET hash = zeroblob(32)"));
  expect(findings.filter(({ rule }) => rule === "chain")).toHaveLength(50);
  expect(counts.findingsLeftOut).toBeGreaterThan(100);
});
