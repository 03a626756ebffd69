import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../conformance/recorder.ts";
import { findFreePort, post } from "./gate-pipes.ts";
import { connectionSchema } from "./connection.ts";
import { createHttpPushTransport } from "./http-push.ts";

const token = "0123456789abcdef";

async function listen(settings: { readonly token?: string } = { token }) {
  const port = await findFreePort();
  const transport = createHttpPushTransport({ host: "127.0.0.1", port, path: "/dws", ...settings });
  const bodies: string[] = [];
  const closes: string[] = [];
  const opened = await transport.open({
    onData: (bytes) => void bodies.push(Buffer.from(bytes).toString()),
    onClose: (failure) => void closes.push(failure.code),
  });
  expect(opened.ok).toBe(true);
  onTestFinished(transport.close);
  const send = (body: string, more: object = {}) =>
    post({ port, path: "/dws", token, body: Buffer.from(body), ...more });
  return { port, transport, bodies, closes, send };
}

test("a body is one piece of data with a line's end, told before the answer", async () => {
  const { send, bodies } = await listen();
  expect(await send("1,A,2")).toBe(200);
  expect(bodies).toEqual(["1,A,2\r\n"]);
  expect(await send("2,B,3", { path: "/dws?gate=1" })).toBe(200);
  expect(bodies).toHaveLength(2);
});

test("what is no post of the gate is refused and never told", async () => {
  const { send, bodies } = await listen();
  expect(await send("x", { token: undefined })).toBe(401);
  expect(await send("x", { token: `${token}x` })).toBe(401);
  expect(await send("x", { token: "" })).toBe(401);
  expect(await send("x", { path: "/other" })).toBe(404);
  expect(await send("x", { method: "PUT" })).toBe(405);
  expect(await send("", { method: "GET" })).toBe(405);
  expect(await send("x", { headers: { origin: "http://example.com" } })).toBe(403);
  expect(await send("x", { headers: { "content-encoding": "gzip" } })).toBe(415);
  expect(await send("")).toBe(400);
  expect(await send("x".repeat(16_384))).toBe(200);
  expect(await send("x".repeat(16_385))).toBe(413);
  expect(await send("x".repeat(400_000), { headers: { "transfer-encoding": "chunked" } })).not.toBe(200);
  expect(bodies.map((body) => body.length)).toEqual([16_386]);
});

test("half a body is no telegram", async () => {
  const { port, bodies, send } = await listen({});
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write("POST /dws HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.destroy();
  expect(await send("whole")).toBe(200);
  expect(bodies).toEqual(["whole\r\n"]);
});

test("a line that is neither HTTP nor ever finished holds nothing up", async () => {
  const { port, bodies, send } = await listen({});
  const sockets = Array.from({ length: 40 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) {
    socket.on("error", () => undefined).resume();
    socket.write("\u0002nonsense\u0003\r\n\r\n");
  }
  await until(() => sockets.every((socket) => socket.closed), "all of them hung up on");
  expect(await send("after")).toBe(200);
  expect(bodies).toEqual(["after\r\n"]);
});

test("a taken port is a failure; after closing the port is free and nothing more is told", async () => {
  const { port, transport, bodies, closes, send } = await listen({});
  const second = createHttpPushTransport({ host: "127.0.0.1", port, path: "/" });
  const refused = await second.open({ onData: () => undefined, onClose: () => undefined });
  expect(refused).toMatchObject({ ok: false, failure: { code: "device.disconnected" } });
  await second.close();
  expect(transport.write(Uint8Array.of(1)).ok).toBe(false);
  await transport.close();
  expect(await send("late")).toBe(null);
  expect({ bodies, closes }).toEqual({ bodies: [], closes: [] });
});

test("the binding: loopback unless said, no weak token", () => {
  const parsed = connectionSchema.parse({ type: "http-push", port: 8080 });
  expect(parsed).toEqual({ type: "http-push", host: "127.0.0.1", port: 8080, path: "/" });
  expect(connectionSchema.safeParse({ type: "http-push", port: 8080, token: "short" }).success).toBe(false);
  expect(connectionSchema.safeParse({ type: "http-push", port: 8080, path: "dws" }).success).toBe(false);
});
