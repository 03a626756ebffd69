import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import {
  acknowledged,
  cloud,
  ended,
  expectWhole,
  goOnWriting,
  hashes,
  links,
  makeLog,
  restored,
  start,
  untilComplete,
  withScriptedCloud,
} from "./uplink.test-support.ts";

withScriptedCloud();

const idle = { positions: [{ logId: "log", recorded: 50, acknowledged: 50 }] };

test("a forked log stops with its sentence, the others go on, also with what comes later", async () => {
  const [old, current] = [makeLog("old", 20), makeLog("current", 30)];
  cloud.logs.set("old", [{ sequence: 1, text: "other", hash: "0".repeat(64) }]);
  const { notify } = start(
    { old, current },
    {
      positions: [
        { logId: "old", recorded: 20, acknowledged: 0 },
        { logId: "current", recorded: 10, acknowledged: 0 },
      ],
    },
  );
  await waitUntil(() => acknowledged.has("current"), "the other log");
  notify(30);
  await untilComplete("current", current);
  expect(links.at(-1)).toMatchObject({ code: "facts.forked", details: { sequence: 1 } });
  expect(cloud.uploads().filter(({ body }) => gunzipSync(body).includes('"old"'))).toHaveLength(1);
});

test("a forked log is offered ever more rarely, and goes on when the cloud was put right", async () => {
  const facts = makeLog("log", 20);
  const tries = 7;
  cloud.logs.set("log", makeLog("log", 20, 1));
  start({ log: facts }, { times: { refusedMs: 20 } });
  await waitUntil(() => cloud.uploads().length >= tries, "the tries");
  // Waits of at least 10, 20, 40, 80, 160 and 320 ms lay between them.
  const [first, last] = [cloud.uploads()[0], cloud.uploads()[tries - 1]];
  expect((last?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(600);
  cloud.logs.delete("log");
  await expectWhole("log", facts);
});

test("a row that names more than was ever recorded hides no fact that was not sent yet", async () => {
  cloud.script.push((_request, response) => {
    response.writeHead(503).end();
    return true;
  });
  const { learn } = start(
    { log: makeLog("log", 12) },
    {
      positions: [{ logId: "log", recorded: 12, acknowledged: 10 }],
      times: { firstMs: 300, longestMs: 600 },
    },
  );
  await waitUntil(() => links.some((failure) => failure !== null), "the link to rest");
  learn({ logId: "log", receivedThrough: 50, durableThrough: 0 });
  await waitUntil(() => cloud.uploads().length > 1, "another upload");
});

test("an idle station goes back when all acknowledgements, fetched anew, say less", async () => {
  const facts = makeLog("log", 50);
  const { compareAll } = start({ log: facts }, idle);
  cloud.logs.set("log", facts.slice(0, 20));
  compareAll([{ logId: "log", receivedThrough: 20, durableThrough: 15 }]);
  expect(restored.get("log")).toMatchObject({ receivedThrough: 20, durableThrough: 15 });
  await expectWhole("log", facts);
  cloud.logs.clear();
  acknowledged.clear();
  compareAll([]);
  await expectWhole("log", facts);
});

test("a late row sends nobody back, its durability counts", async () => {
  const facts = makeLog("log", 50);
  cloud.logs.set("log", [...facts]);
  const { learn } = start({ log: facts }, idle);
  learn({ logId: "log", receivedThrough: 20, durableThrough: 20 });
  expect(acknowledged.get("log")).toEqual({ receivedThrough: 50, durableThrough: 20 });
  expect(restored.size).toBe(0);
  expect(cloud.uploads()).toEqual([]);
});

test("a cloud that has more of the log than there is here does not make the next facts be skipped", async () => {
  const lost = makeLog("log", 30);
  cloud.logs.set("log", [...lost]);
  const rolledBack = lost.slice(0, 10);
  const { notify } = start(
    { log: rolledBack },
    { positions: [{ logId: "log", recorded: 10, acknowledged: 0 }] },
  );
  await waitUntil(() => acknowledged.get("log")?.receivedThrough === 10, "the first ten");
  rolledBack.push(...makeLog("else", 12).slice(10));
  notify(12);
  await waitUntil(() => links.at(-1) !== null, "the alarm");
  expect(links.at(-1)).toMatchObject({ code: "facts.forked", details: { sequence: 11 } });
});

test("a saved log ends where its first hole is, and the log in use follows", async () => {
  const [whole, current] = [makeLog("old", 40), makeLog("current", 5)];
  start({ old: whole.filter(({ sequence }) => sequence < 15 || sequence > 20), current });
  await expectWhole("current", current);
  expect(ended).toEqual([["old", 14]]);
  expect(hashes(cloud.logs.get("old"))).toEqual(hashes(whole.slice(0, 14)));
});

test("facts the cloud wants and the station no longer has are a clear stop", async () => {
  const facts = makeLog("log", 40).slice(20);
  start({ log: facts }, { positions: [{ logId: "log", recorded: 40, acknowledged: 20 }] });
  await waitUntil(() => links.length > 0, "the failure");
  expect(links.at(-1)).toEqual({ code: "facts.deleted", details: { logId: "log", expectedSequence: 1 } });
  expect(cloud.uploads()).toHaveLength(2);
});

/**
 * An older copy of facts.db was put back and wrote on: the cloud has the other branch, and what it says of that must
 * not have a single fact of this one taken for received, or deleted because it were held for good.
 */
describe("facts of this branch, where the cloud has another", () => {
  const untilForked = () =>
    waitUntil(
      () => links.at(-1)?.code === "facts.forked",
      () => `the alarm: ${JSON.stringify([[...acknowledged], links])}`,
    );

  test("are not acknowledged by a row that tells of the other", async () => {
    const common = makeLog("log", 10);
    cloud.logs.set("log", goOnWriting("log", common, 30, "lost"));
    cloud.script.push((_request, response) => {
      response.writeHead(503).end();
      return true;
    });
    const { learn } = start(
      { log: goOnWriting("log", common, 50, "written since") },
      {
        positions: [{ logId: "log", recorded: 60, acknowledged: 10 }],
        times: { firstMs: 300, longestMs: 600 },
      },
    );
    await waitUntil(() => links.length > 0, "the link to rest");
    learn({ logId: "log", receivedThrough: 40, durableThrough: 40 });
    expect(acknowledged.get("log")).toEqual({ receivedThrough: 10, durableThrough: 10 });
    await untilForked();
    expect(acknowledged.get("log")).toEqual({ receivedThrough: 10, durableThrough: 10 });
  });

  test("are not acknowledged with the common ones before them", async () => {
    const common = makeLog("log", 1000);
    cloud.logs.set("log", goOnWriting("log", common, 700, "lost"));
    start({ log: goOnWriting("log", common, 500, "written since") });
    await untilForked();
    expect(links.at(-1)).toMatchObject({ details: { sequence: 1001 } });
    expect(acknowledged.get("log")).toEqual({ receivedThrough: 1000, durableThrough: 850 });
  });

  test("are not acknowledged by rows fetched anew", async () => {
    const common = makeLog("log", 50);
    const { compareAll } = start({ log: goOnWriting("log", common, 50, "written since") }, idle);
    compareAll([{ logId: "log", receivedThrough: 50, durableThrough: 50 }]);
    expect(acknowledged.get("log")).toEqual({ receivedThrough: 50, durableThrough: 50 });
    compareAll([{ logId: "log", receivedThrough: 90, durableThrough: 80 }]);
    expect(acknowledged.get("log")).toEqual({ receivedThrough: 50, durableThrough: 50 });
  });
});
