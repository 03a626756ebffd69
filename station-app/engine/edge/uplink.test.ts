import type { ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import type { Misbehaviour } from "./scripted-cloud.test-support.ts";
import {
  acknowledged,
  cloud,
  expectWhole,
  links,
  makeLog,
  refused,
  restored,
  start,
  withScriptedCloud,
} from "./uplink.test-support.ts";

withScriptedCloud();

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
  // Nothing counts as held for good until it says so again.
  expect(restored.get("log")).toEqual({ receivedThrough: 400, durableThrough: 0 });
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
