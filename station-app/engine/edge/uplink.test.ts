import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { genesisHash, type StoredFact } from "@waystation/shared/facts/envelope";
import type { Failure } from "@waystation/shared/failures/result";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { packFacts } from "../replica/pack-facts.ts";
import { type Misbehaviour, type ScriptedCloud, startScriptedCloud } from "./scripted-cloud.test-support.ts";
import { type LogPosition, startUplink, type Uplink, type UplinkOptions } from "./uplink.ts";

/** A log in memory with a true chain; what the replica thread reads from the file. */
function makeLog(logId: string, count: number, textSize = 0): StoredFact[] {
  let previousHash = genesisHash;
  return Array.from({ length: count }, (_, at) => {
    const text = JSON.stringify({ logId, sequence: at + 1, filler: "x".repeat(textSize), previousHash });
    previousHash = createHash("sha256").update(text).digest("hex");
    return { sequence: at + 1, text, hash: previousHash };
  });
}

/** As the reader of the file: from the first one above, and not across a hole. */
const untilHole = (facts: readonly StoredFact[], above: number) =>
  facts
    .filter(({ sequence }) => sequence > above)
    .filter(({ sequence }, index, [first]) => sequence === (first?.sequence ?? 0) + index);

let cloud: ScriptedCloud;
let uplink: Uplink | null;
let links: (Failure | null)[];
let acknowledged: Map<string, { receivedThrough: number; durableThrough: number }>;
let restored: typeof acknowledged;
let ended: [string, number][];
let token: string;
let refused: string[];

beforeEach(async () => {
  cloud = await startScriptedCloud();
  uplink = null;
  links = [];
  acknowledged = new Map();
  restored = new Map();
  ended = [];
  token = "token-1";
  refused = [];
});
afterEach(async () => {
  uplink?.stop();
  await cloud.stop();
});

const times = { firstMs: 10, longestMs: 40, refusedMs: 60_000, requestMs: 5000 };

function start(
  stored: Readonly<Record<string, readonly StoredFact[]>>,
  options: { positions?: readonly LogPosition[]; times?: Partial<UplinkOptions["times"]> } = {},
): Uplink {
  uplink = startUplink(
    {
      url: cloud.url,
      stationId: "station-1",
      access: {
        token: async () => ({ ok: true, value: token }),
        refuse: (old) => {
          refused.push(old);
          token = "token-2";
        },
      },
      pack: (request) =>
        packFacts(request, (logId, above, limit) => untilHole(stored[logId] ?? [], above).slice(0, limit)),
      onRestored: (logId, reply) => restored.set(logId, reply),
      onAcknowledged: (logId, reply) => acknowledged.set(logId, reply),
      onEnded: (logId, through) => ended.push([logId, through]),
      onLink: (failure) => links.push(failure),
      times: { ...times, ...options.times },
    },
    options.positions ??
      Object.entries(stored).map(([logId, facts]) => ({
        logId,
        recorded: facts.at(-1)?.sequence ?? 0,
        acknowledged: 0,
      })),
  );
  return uplink;
}

const hashes = (facts: readonly StoredFact[] | undefined) => facts?.map(({ hash }) => hash);
const untilComplete = (logId: string, facts: readonly StoredFact[]) =>
  waitUntil(
    () => acknowledged.get(logId)?.receivedThrough === facts.length,
    () => `${logId} to be acknowledged: ${JSON.stringify([[...acknowledged], links.slice(-3)])}`,
    15_000,
  );

async function expectWhole(logId: string, facts: readonly StoredFact[]): Promise<void> {
  await untilComplete(logId, facts);
  expect(hashes(cloud.logs.get(logId))).toEqual(hashes(facts));
  expect(links.at(-1)).toBe(null);
}

test("a backlog goes up in full batches, at most two at once, and the cloud's durability is passed on", async () => {
  const facts = makeLog("log", 3500);
  start({ log: facts });
  await expectWhole("log", facts);
  expect(cloud.uploads()).toHaveLength(4);
  expect(cloud.state.mostAtOnce).toBeLessThanOrEqual(2);
  expect(acknowledged.get("log")).toEqual({ receivedThrough: 3500, durableThrough: 1750 });
});

test("facts that come while it is idle are sent when it is told of them", async () => {
  const facts = makeLog("log", 5);
  const { notify } = start({ log: facts }, { positions: [{ logId: "log", recorded: 2, acknowledged: 2 }] });
  cloud.logs.set("log", facts.slice(0, 2));
  expect(cloud.uploads()).toEqual([]);
  notify(5);
  await expectWhole("log", facts);
});

const status =
  (code: number, headers: Record<string, string> = {}): Misbehaviour =>
  (_request, response) => {
    response.writeHead(code, headers).end("<html>busy</html>");
    return true;
  };
const cut: Misbehaviour = (_request, response) => {
  response.destroy();
  return true;
};
const takeAnd =
  (then: (response: ServerResponse) => void): Misbehaviour =>
  (_request, response, take) => {
    take();
    then(response);
    return true;
  };

test.each([
  ["503 without a time", status(503)],
  ["429", status(429, { "retry-after": "0" })],
  ["500 of a proxy", status(500)],
  ["a connection cut before the reply", cut],
  ["a reply lost after the facts were taken", takeAnd((response) => response.destroy())],
  [
    "half a reply",
    takeAnd((response) => {
      response.writeHead(200, { "content-length": "60" }).write('{"receivedThr');
      response.destroy();
    }),
  ],
  ["a reply that is no JSON", takeAnd((response) => response.end("ok"))],
  ["a reply that never ends", takeAnd((response) => void response.writeHead(200).write("x"))],
  [
    "a reply that is far too long",
    takeAnd((response) => {
      const receivedThrough = cloud.logs.get("log")?.length;
      response.end(JSON.stringify({ receivedThrough, durableThrough: 0, padding: "x".repeat(200_000) }));
    }),
  ],
] as const)("%s: tried again, every fact is there once", async (_name, misbehave) => {
  const facts = makeLog("log", 2500);
  cloud.script.push(misbehave, (request, response, take) => misbehave(request, response, take));
  start({ log: facts }, { times: { requestMs: 300 } });
  await expectWhole("log", facts);
  expect(links.some((failure) => failure !== null)).toBe(true);
});

test("a time the cloud names is kept, also when the link is said to be back", async () => {
  const facts = makeLog("log", 10);
  cloud.script.push(status(429, { "retry-after": "1" }));
  const { hurry } = start({ log: facts });
  await waitUntil(() => links.length > 0, "the refusal");
  hurry();
  await expectWhole("log", facts);
  const [first, second] = cloud.uploads();
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(990);
});

/** Waits with the answer until so many uploads have come. */
const once =
  (uploads: number, then: (response: ServerResponse) => void): Misbehaviour =>
  (_request, response) => {
    void waitUntil(
      () => cloud.uploads().length >= uploads,
      () => `upload ${uploads}`,
    ).then(() => then(response));
    return true;
  };
const normally: Misbehaviour = () => false;
const firstSequences = (): unknown[] =>
  cloud
    .uploads()
    .map(({ body }) => /"firstSequence":(\d+)/.exec(gunzipSync(body).toString())?.[1])
    .map(Number);

test.each([
  ["lost", (response: ServerResponse) => response.destroy()],
  ["refused for a while", (response: ServerResponse) => response.writeHead(503).end()],
] as const)(
  "a batch is %s while the next one is under way: both go again after one rest",
  async (_name, end) => {
    const facts = makeLog("log", 5500);
    cloud.script.push(normally, once(3, end), (_request, response) => {
      end(response);
      return true;
    });
    start({ log: facts });
    await expectWhole("log", facts);
    expect(firstSequences()).toEqual([1, 1001, 2001, 1001, 2001, 3001, 4001, 5001]);
    expect(cloud.state.mostAtOnce).toBe(2);
    expect(links.filter((failure) => failure?.code === "cloud.unreachable")).toHaveLength(1);
  },
);

test("a batch that overtook the one before it is a gap that sends nobody back", async () => {
  const facts = makeLog("log", 3500);
  let hold: (() => void) | undefined;
  cloud.script.push(
    normally,
    (_request, response, take) => {
      hold = () => {
        take();
        response.end(JSON.stringify({ receivedThrough: 2000, durableThrough: 0 }));
      };
      return true;
    },
    (_request, response) => {
      const failure = { code: "facts.gap", details: { logId: "log", expectedSequence: 1001 } };
      response.writeHead(409).end(JSON.stringify({ failure }));
      hold?.();
      return true;
    },
  );
  start({ log: facts });
  await expectWhole("log", facts);
  expect(firstSequences()).toEqual([1, 1001, 2001, 3001, 2001, 3001]);
  expect(restored.size).toBe(0);
  expect(links.every((failure) => failure === null)).toBe(true);
});

test("a fork in a batch sent ahead stops its log only when it is found again alone", async () => {
  const facts = makeLog("log", 3000);
  cloud.script.push(normally, normally, (_request, response) => {
    const failure = { code: "facts.forked", details: { logId: "log", sequence: 2001 } };
    response.writeHead(409).end(JSON.stringify({ failure }));
    return true;
  });
  start({ log: facts });
  await expectWhole("log", facts);
  expect(links.every((failure) => failure === null)).toBe(true);
});

const refuseAsInvalid: Misbehaviour = (_request, response) => {
  const failure = { code: "request.invalid", details: { reason: "the batch cannot be read" } };
  response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ failure }));
  return true;
};

test("a batch damaged on its way is sent again at once", async () => {
  const facts = makeLog("log", 20);
  cloud.script.push(refuseAsInvalid);
  start({ log: facts });
  await expectWhole("log", facts);
  expect(links).toEqual([null]);
});

test("a batch refused twice for what is in it stops its log", async () => {
  const facts = makeLog("log", 20);
  cloud.script.push(refuseAsInvalid, refuseAsInvalid);
  start({ log: facts });
  await waitUntil(() => links.at(-1)?.code === "request.invalid", "the sentence");
  expect(cloud.uploads()).toHaveLength(2);
  expect(acknowledged.size).toBe(0);
});

test("a token refused once is replaced and the batch sent again", async () => {
  const facts = makeLog("log", 10);
  cloud.tokens.delete("token-1");
  cloud.tokens.add("token-2");
  start({ log: facts });
  await expectWhole("log", facts);
  expect(refused).toEqual(["token-1"]);
  expect(links).toEqual([null]);
});

test("a cloud that names less than it had gets it again", async () => {
  const facts = makeLog("log", 2600);
  cloud.script.push(
    () => false,
    () => {
      cloud.logs.get("log")?.splice(400);
      return false;
    },
  );
  start({ log: facts });
  await expectWhole("log", facts);
});

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

test("a batch that is too large is halved until it fits", async () => {
  const facts = makeLog("log", 64, 10_000);
  cloud.state.limitBytes = 50_000;
  start({ log: facts });
  await expectWhole("log", facts);
  // 640 kB was refused four times, and never again.
  expect(cloud.uploads().length).toBeLessThan(4 + 64);
});

test("one fact that is too large stops its log and is not sent over and over", async () => {
  const facts = makeLog("log", 4, 10_000);
  cloud.state.limitBytes = 5000;
  start({ log: facts });
  await waitUntil(() => links.at(-1) !== undefined, "the failure");
  expect(links).toEqual([{ code: "facts.too-large", details: { logId: "log", sequence: 1 } }]);
  expect(cloud.uploads()).toHaveLength(3);
});

test("large facts are never held by the thousand", async () => {
  const facts = makeLog("log", 300, 40_000);
  start({ log: facts });
  await expectWhole("log", facts);
  for (const { body } of cloud.uploads()) expect(gunzipSync(body).length).toBeLessThan(2_100_000);
});

test.each([
  ["that says which", [1]],
  ["that can read the batch's version", [1, 3]],
] as const)("an older cloud %s is spoken to as it understands", async (_name, supported) => {
  const facts = makeLog("log", 1200);
  cloud.state.supported = supported;
  start({ log: facts });
  await expectWhole("log", facts);
  expect(cloud.uploads().at(-1)?.headers["content-type"]).toBe("application/json");
});

test.each([
  ["older", [], "cloud.older"],
  ["newer", [7, 8], "station.outdated"],
] as const)("a cloud that is too much %s is waited for", async (_name, supported, code) => {
  cloud.state.supported = supported;
  const { hurry } = start({ log: makeLog("log", 5) });
  await waitUntil(() => links.length > 0, "the word of it");
  expect(links).toMatchObject([{ code }]);
  cloud.state.supported = [2];
  hurry();
  await expectWhole("log", makeLog("log", 5));
});

const idle = { positions: [{ logId: "log", recorded: 50, acknowledged: 50 }] };

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
