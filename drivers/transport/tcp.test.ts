import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createRecorder, until } from "../conformance/recorder.ts";
import { connectDevice } from "../connect-device.ts";
import { createTcpServerTransport } from "./tcp-server.ts";
import { createTcpTransport } from "./tcp.ts";
import { writeBufferLimitBytes } from "./transport.ts";

async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

const silent = { onData: () => undefined, onClose: () => undefined };

test("a refused connection is a failure with its cause, and close afterwards is quiet", async () => {
  const transport = createTcpTransport({ host: "127.0.0.1", port: 1 });
  const opened = await transport.open(silent);
  expect(opened).toMatchObject({ ok: false, failure: { code: "device.disconnected" } });
  expect(opened.ok ? "" : opened.failure.cause).toContain("ECONNREFUSED");
  await transport.close();
  expect(transport.write(Uint8Array.of(1)).ok).toBe(false);
});

test("the peer's end is told once; our own close is not", async () => {
  const port = await listen((socket) => void setImmediate(() => socket.end("bye")));
  const closes: string[] = [];
  const received: string[] = [];
  const transport = createTcpTransport({ host: "127.0.0.1", port });
  await transport.open({
    onData: (bytes) => void received.push(Buffer.from(bytes).toString()),
    onClose: (failure) => void closes.push(failure.code),
  });
  await until(() => closes.length > 0, "close");
  expect(received).toEqual(["bye"]);
  await transport.close();
  expect(closes).toEqual(["device.disconnected"]);
});

test("a peer that never reads fills a bounded buffer, then writes fail", async () => {
  const port = await listen((socket) => socket.pause());
  const transport = createTcpTransport({ host: "127.0.0.1", port });
  await transport.open(silent);
  const megabyte = new Uint8Array(1024 * 1024);
  const results = Array.from({ length: 40 }, () => transport.write(megabyte));
  const refused = results.find((result) => !result.ok);
  expect(refused).toMatchObject({ ok: false, failure: { code: "device.queue-full" } });
  expect(transport.bufferedBytes()).toBeLessThanOrEqual(writeBufferLimitBytes);
  await transport.close();
});

/** A port nobody listens on just now. */
async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

test("a device that calls us: heard, one at a time, and again after it hung up", async () => {
  const port = await findFreePort();
  const connection = { type: "tcp-server", host: "127.0.0.1", port } as const;
  const { listener, ofKind, isReady, states } = createRecorder();
  const device = connectDevice({ deviceId: "dws", model: "dws-indexed", connection }, listener);
  if (!device.ok) throw new Error("no device");
  device.value.start();
  onTestFinished(device.value.stop);
  const call = async () => {
    for (;;) {
      const caller = connect(port, "127.0.0.1");
      caller.on("error", () => undefined);
      const isUp = await Promise.race([
        once(caller, "connect").then(() => true),
        once(caller, "close").then(() => false),
      ]).catch(() => false);
      if (isUp) return caller;
    }
  };
  for (const index of [1, 2]) {
    const caller = await call();
    await until(isReady, "ready");
    const intruder = await call();
    intruder.write("99,x,1,1,1,1,1\r\n");
    await once(intruder, "close");
    caller.write(`${index},CODE,1,1,1,1,1\r\n`);
    await until(() => ofKind("size").length === index, "the telegram");
    caller.destroy();
    await until(() => states.at(-1)?.state === "faulted", "the end is noticed");
  }
  expect(ofKind("size").map(({ parcelIndex }) => parcelIndex)).toEqual([1, 2]);
});

test("a port already taken is a failure; stopping while nobody has called is quiet", async () => {
  const port = await listen(() => undefined);
  const taken = createTcpServerTransport({ host: "127.0.0.1", port });
  expect(await taken.open(silent)).toMatchObject({ ok: false, failure: { code: "device.disconnected" } });
  await taken.close();
  const waiting = createTcpServerTransport({ host: "127.0.0.1", port: await findFreePort() });
  const opened = waiting.open(silent);
  await waiting.close();
  expect((await opened).ok).toBe(false);
});
