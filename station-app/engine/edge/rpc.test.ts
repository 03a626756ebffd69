import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MessageChannel } from "node:worker_threads";
import { createORPCClient } from "@orpc/client";
import { RPCLink as PortLink } from "@orpc/client/message-port";
import { RPCLink as SocketLink } from "@orpc/client/websocket";
import type { ContractRouterClient } from "@orpc/contract";
import type { StationView } from "@waystation/shared/session/view";
import type { StationContract } from "@waystation/shared/wire/station-ipc";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  serveStationRpc,
  type StationRouter,
  type StationRpc,
  type StationRpcOptions,
  stationProcedures,
} from "./rpc.ts";
import { createViewFeed, type ViewFeed } from "./view-feed.ts";

type Client = ContractRouterClient<StationContract>;
const token = "t0ken_of-this-launch";
const cleanups: (() => unknown)[] = [];
let feed: ViewFeed;
let staticDir: string;

const view: StationView = {
  stationId: "station-1",
  bootId: "boot-1",
  lanes: [],
  devices: [],
  link: { cloud: "offline", failure: null, factsRecorded: 0, factsAcknowledged: 0, ordersVisible: 0 },
};

beforeEach(async () => {
  feed = createViewFeed(view);
  staticDir = await mkdtemp(join(tmpdir(), "screen-"));
  await mkdir(join(staticDir, "assets"));
  await writeFile(join(staticDir, "index.html"), '<meta nonce="__CSP_NONCE__">');
  await writeFile(join(staticDir, "assets/app.js"), "1");
  await writeFile(join(staticDir, "..", "outside-secret"), "secret").catch(() => undefined);
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(staticDir, { recursive: true, force: true });
  await rm(join(staticDir, "..", "outside-secret"), { force: true });
});

/** `stop` waits until `release` is called, as a command waits for its facts to be durable. */
function makeRouter(release: Promise<void> = Promise.resolve()): StationRouter {
  const done = { ok: true } as const;
  const { station, lane, scale } = stationProcedures;
  return stationProcedures.router({
    station: {
      hello: station.hello.handler(() => ({ ipcVersion: 1, stationId: "station-1", appVersion: "0" })),
      watch: station.watch.handler(({ signal }) => feed.subscribe(signal)),
      status: station.status.handler(() => {
        throw new Error("a bug");
      }),
    },
    scale: {
      recordCalibration: scale.recordCalibration.handler(() => done),
      checkZero: scale.checkZero.handler(() => done),
    },
    lane: {
      stop: lane.stop.handler(async () => {
        await release;
        return done;
      }),
      resume: lane.resume.handler(({ input }) => ({
        ok: false as const,
        failure: { code: "lane.unknown" as const, details: { laneId: input.laneId } },
      })),
      enterBarcode: lane.enterBarcode.handler(() => done),
      wedgeScan: lane.wedgeScan.handler(() => done),
      answerLabel: lane.answerLabel.handler(() => done),
      clearParcel: lane.clearParcel.handler(() => done),
    },
  });
}

async function serve(options: Partial<StationRpcOptions> = {}): Promise<StationRpc & { port: number }> {
  const served = await serveStationRpc({
    router: makeRouter(),
    http: { port: 0, token, staticDir },
    ...options,
  });
  if (!served.ok) throw new Error(served.failure.code);
  cleanups.push(served.value.close);
  return { ...served.value, port: Number(new URL(served.value.url ?? "http://x:0").port) };
}

function open(port: number, given = token): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/rpc`, ["waystation.v1", `token.${given}`]);
  cleanups.push(() => socket.close());
  return socket;
}

const closed = (socket: WebSocket) =>
  new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve, { once: true }));
const overSocket = (socket: WebSocket): Client => createORPCClient(new SocketLink({ websocket: socket }));

function overPort(rpc: StationRpc): { client: Client; port: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  rpc.attachPort(port2 as unknown as MessagePort);
  cleanups.push(() => port1.close());
  port1.start();
  const port = port1 as unknown as MessagePort;
  return { client: createORPCClient(new PortLink({ port })), port };
}

type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: string };
const get = (
  port: number,
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, headers, method }, (response) => {
      let body = "";
      response
        .on("data", (chunk) => (body += chunk))
        .on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    call.on("error", reject).end();
  });

const upgrade = (port: number, headers: Record<string, string>): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1").on("error", reject);
    const lines = {
      Host: `127.0.0.1:${port}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol": `waystation.v1, token.${token}`,
      ...headers,
    };
    socket.write(
      `GET /rpc HTTP/1.1\r\n${Object.entries(lines)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join("")}\r\n`,
    );
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });

test.each(["socket", "port"])(
  "one contract over a %s: calls, failures, bad input, bugs and the stream of views",
  async (transport) => {
    const rpc = await serve();
    const client = transport === "socket" ? overSocket(open(rpc.port)) : overPort(rpc).client;
    expect(await client.station.hello()).toMatchObject({ stationId: "station-1" });
    expect(await client.lane.resume({ laneId: "x", operatorId: "o" })).toEqual({
      ok: false,
      failure: { code: "lane.unknown", details: { laneId: "x" } },
    });
    await expect(client.lane.resume({ laneId: "", operatorId: "o" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
    await expect(client.station.status()).rejects.toMatchObject({
      code: "INTERNAL_SERVER_ERROR",
      message: "Internal server error",
    });
    const messages = await client.station.watch();
    expect((await messages.next()).value).toMatchObject({ kind: "snapshot", revision: 1 });
    feed.publish({ link: { ...view.link, factsRecorded: 5 } });
    expect((await messages.next()).value).toMatchObject({
      kind: "patch",
      revision: 2,
      link: { factsRecorded: 5 },
    });
    await messages.return?.();
    await vi.waitFor(() => expect(feed.subscriberCount()).toBe(0));
  },
);

test("a screen that goes away is forgotten", async () => {
  const rpc = await serve();
  const socket = open(rpc.port);
  await (await overSocket(socket).station.watch()).next();
  const { client, port } = overPort(rpc);
  await (await client.station.watch()).next();
  expect(feed.subscriberCount()).toBe(2);
  socket.close();
  port.close();
  await vi.waitFor(() => expect(feed.subscriberCount()).toBe(0));
});

test("a wrong, missing or cut token gets a code and no service", async () => {
  const rpc = await serve();
  for (const given of ["wrong", "", token.slice(0, -1), `${token}x`])
    expect((await closed(open(rpc.port, given === "" ? "%" : given))).code).toBe(4401);
  expect(await upgrade(rpc.port, { "Sec-WebSocket-Protocol": "waystation.v1" })).toContain("101");
  const answer = await upgrade(rpc.port, {});
  expect(answer).toContain("101");
  expect(answer).not.toContain(token);
  expect(feed.subscriberCount()).toBe(0);
});

test("only this server's own pages may open a socket", async () => {
  const rpc = await serve({ http: { port: 0, token, staticDir, allowedOrigins: ["http://127.0.0.1:5173"] } });
  const own = `127.0.0.1:${rpc.port}`;
  for (const origin of [`http://${own}`, `http://localhost:${rpc.port}`, "http://127.0.0.1:5173"])
    expect(await upgrade(rpc.port, { Origin: origin })).toContain("101");
  for (const origin of ["http://evil.example", "null", `https://${own}`, `http://${own}.evil.example`])
    expect(await upgrade(rpc.port, { Origin: origin })).toContain("403");
  for (const host of ["evil.example", "127.0.0.1", `evil.example:${rpc.port}`])
    expect(await upgrade(rpc.port, { Host: host })).toContain("403");
});

test("files: a fresh nonce for every page, a strict policy, and nothing outside the folder", async () => {
  const { port } = await serve();
  const first = await get(port, "/?x=1");
  const nonce = /nonce="([^"]+)"/.exec(first.body)?.[1] ?? "";
  expect(nonce).toHaveLength(24);
  expect(first.headers["content-security-policy"]).toContain(`'nonce-${nonce}'`);
  expect(first.headers["content-security-policy"]).toContain(`connect-src 'self' ws://127.0.0.1:${port};`);
  expect((await get(port, "/")).body).not.toContain(nonce);
  expect(await get(port, "/assets/app.js")).toMatchObject({
    status: 200,
    body: "1",
    headers: { "x-content-type-options": "nosniff" },
  });
  for (const path of [
    "/..%2foutside-secret",
    "/../outside-secret",
    "/assets/..%5c..%5coutside-secret",
    "/%2e%2e%2foutside-secret",
    "/absent.js",
    "/assets",
  ])
    expect((await get(port, path)).status).toBe(404);
  expect((await get(port, "/", { host: "evil.example" })).status).toBe(421);
  expect((await get(port, "/", {}, "POST")).status).toBe(405);
});

test("a port already taken is a failure that says so", async () => {
  const { port } = await serve();
  expect(await serveStationRpc({ router: makeRouter(), http: { port, token, staticDir } })).toMatchObject({
    ok: false,
    failure: { code: "port.in-use", details: { port } },
  });
});

test("too many screens, a message too large, and nonsense are let go; others stay served", async () => {
  const rpc = await serve({ limits: { sockets: 3 } });
  const good = overSocket(open(rpc.port));
  await good.station.hello();
  const large = open(rpc.port);
  large.addEventListener("open", () => large.send("x".repeat(100_000)));
  expect((await closed(large)).code).toBe(1009);
  const quiet = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const nonsense = open(rpc.port);
  nonsense.addEventListener("open", () => nonsense.send("{"));
  const [third, fourth] = [open(rpc.port), open(rpc.port)];
  const codes = await Promise.race([closed(third), closed(fourth)]);
  expect(codes.code).toBe(1013);
  expect(await good.station.hello()).toMatchObject({ stationId: "station-1" });
  quiet.mockRestore();
});

test("a screen may have only so many calls under way", async () => {
  const gate = Promise.withResolvers<void>();
  const rpc = await serve({ router: makeRouter(gate.promise), limits: { callsUnderWay: 2 } });
  const client = overSocket(open(rpc.port));
  const stop = () => client.lane.stop({ laneId: "a", reason: "r", operatorId: "o" });
  const waiting = [stop(), stop()];
  await expect(stop()).rejects.toMatchObject({ code: "TOO_MANY_REQUESTS" });
  gate.resolve();
  expect(await Promise.all(waiting)).toEqual([{ ok: true }, { ok: true }]);
  expect(await stop()).toEqual({ ok: true });
});

test("a screen that stops reading costs a bounded amount and then reads the latest view", async () => {
  const { port } = await serve();
  const socket = connect(port, "127.0.0.1");
  cleanups.push(() => socket.destroy());
  let received = "";
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.byteLength;
    received = (received + chunk.toString("latin1")).slice(-2_000_000);
  });
  socket.write(
    `GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: waystation.v1, token.${token}\r\n\r\n`,
  );
  await vi.waitFor(() => expect(received).toContain("101"));
  socket.write(maskedFrame(JSON.stringify({ i: "1", p: { u: "/station/watch", b: {} } })));
  await vi.waitFor(() => expect(feed.subscriberCount()).toBe(1));
  socket.pause();
  // 200 MB of views published; far more than any buffer between the two may hold.
  const big = "x".repeat(100_000);
  for (let count = 1; count <= 2000; count += 1) {
    feed.publish({ link: { ...view.link, factsRecorded: count, failure: { code: big, details: {} } } });
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  await vi.waitFor(() => expect(received).toContain('"factsRecorded":2000'), { timeout: 5000 });
  // All that was kept for it anywhere, the system's own buffers included.
  expect(bytes).toBeLessThan(50_000_000);
});

test.each([
  ["an object", { not: "text" }],
  ["a number", 7],
  ["a long text", "x".repeat(100_000)],
  ["many bytes", new Uint8Array(100_000)],
])("a port that sends %s is closed", async (_name, hostile) => {
  const { port } = overPort(await serve());
  const gone = new Promise((resolve) => port.addEventListener("close", resolve));
  port.postMessage(hostile);
  await gone;
});

test("a port that falls silent is closed, and so is the oldest when there are too many", async () => {
  const rpc = await serve({ limits: { silentPortMs: 1000, ports: 1 } });
  const oldest = overPort(rpc).port;
  const replaced = new Promise((resolve) => oldest.addEventListener("close", resolve));
  const { client, port } = overPort(rpc);
  await replaced;
  const silent = new Promise((resolve) => port.addEventListener("close", resolve));
  await (await client.station.watch()).next();
  await silent;
  expect(feed.subscriberCount()).toBe(0);
});

test("closing ends every screen and frees the port", async () => {
  const rpc = await serve();
  const socket = open(rpc.port);
  await overSocket(socket).station.hello();
  const gone = closed(socket);
  await rpc.close();
  expect((await gone).code).toBe(1001);
  await expect(get(rpc.port, "/")).rejects.toThrow("ECONNREFUSED");
});

function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
