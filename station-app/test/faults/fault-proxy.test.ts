import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../durability/child-process.ts";
import type { lineFaults, PlannedFault } from "./fault-plan.ts";
import { type FaultProxy, openFaultProxy } from "./fault-proxy.ts";

const path = "/v1/stations/station-1/facts";
let cloud: Server;
let proxy: FaultProxy;
let bodies: string[] = [];

beforeEach(async () => {
  bodies = [];
  cloud = createServer((request, response) => {
    void readAll(request).then(
      (body) => {
        bodies.push(body);
        response.end(`{"echo":"${body}"}`);
      },
      () => undefined,
    );
  });
  await new Promise<void>((resolve) => cloud.listen(0, "127.0.0.1", resolve));
  const address = cloud.address();
  proxy = await openFaultProxy({
    port: typeof address === "object" && address !== null ? address.port : 0,
    seed: 1,
  });
});
afterEach(async () => {
  await proxy.stop();
  cloud.closeAllConnections();
  await new Promise((resolve) => cloud.close(resolve));
});

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

const send = async (body: string): Promise<string> => {
  try {
    const response = await fetch(`${proxy.url}${path}`, {
      method: "POST",
      body,
      signal: AbortSignal.timeout(3000),
    });
    return `${response.status} ${await response.text()}`;
  } catch {
    return "nothing";
  }
};
const plan = (
  kind: (typeof lineFaults)[number],
  direction: "up" | "down",
  afterBytes: number,
): PlannedFault => ({
  on: "upload",
  fault: { kind, direction, afterBytes, ms: 50 },
});

test("without a plan everything passes as it is, several requests on one connection too", async () => {
  expect(await send("one")).toBe('200 {"echo":"one"}');
  expect(await send("two")).toBe('200 {"echo":"two"}');
  expect(proxy.counts()).toEqual({});
});

test.each(["reset", "end", "truncate", "hold"] as const)(
  "%s on the way up: the cloud has not got it, the next one passes",
  async (kind) => {
    proxy.plan([plan(kind, "up", 100)]);
    // A cloud that sees half a request end may still say so.
    expect(await send("lost")).toMatch(/^(nothing|400 )$/);
    expect(bodies).toEqual([]);
    expect(await send("next")).toBe('200 {"echo":"next"}');
    expect(proxy.counts()).toEqual({ [`upload ${kind} up`]: 1 });
  },
);

test.each(["reset", "end", "truncate", "hold"] as const)(
  "%s on the way down: the cloud has it and the station does not know",
  async (kind) => {
    proxy.plan([plan(kind, "down", 20)]);
    expect(await send("taken")).toBe("nothing");
    expect(bodies).toEqual(["taken"]);
    expect(proxy.left()).toBe(0);
  },
);

test("a delay changes nothing but the time, garbled bytes are others", async () => {
  proxy.plan([plan("delay", "up", 30), plan("garble", "up", 0)]);
  expect(await send("late")).toBe('200 {"echo":"late"}');
  expect(await send("spoilt")).not.toBe('200 {"echo":"spoilt"}');
  expect(proxy.counts()).toEqual({ "upload delay up": 1, "upload garble up": 1 });
});

test("uploads come again at once, later and the wrong way round", async () => {
  proxy.plan(
    (["at-once", "later", "reversed"] as const).map((how) => ({
      on: "upload",
      fault: { kind: "replay", how },
    })),
  );
  for (const body of ["a", "b", "c", "d", "e"]) await send(body);
  await waitUntil(
    () => bodies.length === 10,
    () => `ten bodies: ${bodies.join(" ")}`,
  );
  const counts = new Map([...Map.groupBy(bodies, (body) => body)].map(([body, all]) => [body, all.length]));
  expect(Object.fromEntries(counts)).toEqual({ a: 2, b: 2, c: 2, d: 2, e: 2 });
  expect(proxy.left()).toBe(0);
});

test("a fault that does not reach its byte waits for a longer message", async () => {
  proxy.plan([plan("reset", "up", 2000)]);
  expect(await send("short")).toBe('200 {"echo":"short"}');
  expect(proxy.left()).toBe(1);
  expect(await send("x".repeat(4000))).toBe("nothing");
  expect(proxy.left()).toBe(0);
});
