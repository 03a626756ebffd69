import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test, vi } from "vitest";
import { serveStationRpc, type StationRpc, stationProcedures } from "../../engine/edge/rpc.ts";
import { createViewFeed } from "../../engine/edge/view-feed.ts";
import {
  connectStation,
  type StationClient,
  type StationTransport,
} from "../../renderer/app/station-client.ts";
import { accepted, makeLane, makeView } from "./scripted-station.ts";

/** The client alone, over ports as in the desktop shell; the WebSocket is driven by the browser tests. */

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const timings = { callMs: 300, heartbeatMs: 50, helloMs: 300, retryMs: 5, longestRetryMs: 20 };
const feed = createViewFeed(makeView());

async function serve(options: { hangs?: () => boolean } = {}): Promise<StationRpc> {
  const { station, lane, scale } = stationProcedures;
  const done = () => ({ ok: true as const });
  const router = stationProcedures.router({
    station: {
      hello: station.hello.handler(async () => {
        if (options.hangs?.() === true) await new Promise(() => undefined);
        return { ipcVersion: 1, stationId: "s", appVersion: "0" };
      }),
      watch: station.watch.handler(({ signal }) => feed.subscribe(signal)),
      status: station.status.handler(() => {
        throw new Error("unused");
      }),
    },
    scale: {
      recordCalibration: scale.recordCalibration.handler(done),
      checkZero: scale.checkZero.handler(done),
    },
    lane: {
      stop: lane.stop.handler(() => new Promise(() => undefined)),
      resume: lane.resume.handler(done),
      enterBarcode: lane.enterBarcode.handler(done),
      wedgeScan: lane.wedgeScan.handler(done),
      answerLabel: lane.answerLabel.handler(done),
      clearParcel: lane.clearParcel.handler(done),
    },
  });
  const served = await serveStationRpc({ router });
  if (!served.ok) throw new Error(served.failure.code);
  cleanups.push(served.value.close);
  return served.value;
}

/** The shell's part: every request gets one end of a new channel, the engine the other. */
function portsOf(rpc: () => StationRpc): { transport: StationTransport; ports: MessagePort[] } {
  const ports: MessagePort[] = [];
  const requestPort = async () => {
    const { port1, port2 } = new MessageChannel();
    rpc().attachPort(port2 as unknown as MessagePort);
    const port = port1 as unknown as MessagePort;
    ports.push(port);
    return port;
  };
  return { transport: { kind: "port", requestPort }, ports };
}

function connect(transport: StationTransport): StationClient {
  const client = connectStation(transport, timings);
  cleanups.push(client.close);
  return client;
}

const becomes = (client: StationClient, connection: string) =>
  vi.waitFor(() => expect(client.getState().connection).toBe(connection), { timeout: 5000 });

test("views and commands over a port", async () => {
  const rpc = await serve();
  const client = connect(portsOf(() => rpc).transport);
  const seen: number[] = [];
  client.subscribe(() => seen.push(client.getState().view?.lanes.length ?? 0));
  expect(await client.command("resume", { laneId: "a", operatorId: "o" })).toMatchObject({
    ok: false,
    failure: { code: "engine.unreachable" },
  });
  await becomes(client, "live");
  feed.publish({ lanes: [makeLane({ parcels: [accepted({ parcelId: "p-9" })] })] });
  await vi.waitFor(() => expect(client.getState().view?.lanes[0]?.parcels[0]?.parcelId).toBe("p-9"));
  expect(seen.length).toBeGreaterThan(0);
  expect(await client.command("resume", { laneId: "a", operatorId: "o" })).toEqual({ ok: true });
  expect(await client.command("resume", { laneId: "", operatorId: "o" })).toMatchObject({
    ok: false,
    failure: { code: "request.invalid" },
  });
});

test("a command that gets no answer is not reported as done, nor as not done", async () => {
  const rpc = await serve();
  const client = connect(portsOf(() => rpc).transport);
  await becomes(client, "live");
  expect(await client.command("stop", { laneId: "a", reason: "r", operatorId: "o" })).toMatchObject({
    ok: false,
    failure: { code: "engine.unanswered" },
  });
});

test("an engine that hangs with its port open is noticed and left for a new port", async () => {
  let hangs = false;
  const rpc = await serve({ hangs: () => hangs });
  const { transport, ports } = portsOf(() => rpc);
  const client = connect(transport);
  await becomes(client, "live");
  hangs = true;
  await becomes(client, "lost");
  hangs = false;
  await becomes(client, "live");
  expect(ports.length).toBeGreaterThan(1);
  expect(feed.subscriberCount()).toBe(1);
});

test("an engine that stops and starts again is found again", async () => {
  let rpc = await serve();
  const client = connect(portsOf(() => rpc).transport);
  await becomes(client, "live");
  await rpc.close();
  await becomes(client, "lost");
  rpc = await serve();
  await becomes(client, "live");
});

test("a closed client is silent", async () => {
  const rpc = await serve();
  const client = connect(portsOf(() => rpc).transport);
  await becomes(client, "live");
  client.close();
  const state = client.getState();
  feed.publish({ lanes: [makeLane()] });
  await vi.waitFor(() => expect(feed.subscriberCount()).toBe(0));
  expect(client.getState()).toBe(state);
});
