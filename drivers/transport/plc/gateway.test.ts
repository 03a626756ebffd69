import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../conformance/recorder.ts";
import { decodeResponse, encodeRequest, type ModbusRequest } from "../../framing/modbus-tcp.ts";
import type { Connection } from "../connection.ts";
import type { Transport } from "../transport.ts";
import { startEthernetIpSorterTwin } from "../../twins/sorters/ethernet-ip.ts";
import { startS7SorterTwin } from "../../twins/sorters/s7.ts";
import { createTransport } from "../create-transport.ts";
import { openTcpPipe } from "../pipe.ts";
import { createGatewayTransport, type WordStore } from "./gateway.ts";

const request = (transaction: number, body: ModbusRequest) => encodeRequest({ transaction, unitId: 1, body });
const write = (address: number, ...values: number[]) => ({ function: 16, address, values }) as const;
const read = (address: number, count: number) => ({ function: 3, address, count }) as const;

async function open(transport: Transport) {
  const answers: Uint8Array[] = [];
  const closes: string[] = [];
  onTestFinished(() => transport.close());
  const opened = await transport.open({
    onData: (bytes) => void answers.push(bytes),
    onClose: ({ code, cause }) => void closes.push(`${code} ${cause}`),
  });
  return { opened, answers, closes };
}

function createFakeStore() {
  const calls: string[] = [];
  const broken = { read: false, write: false, connect: false, hang: false };
  let isBusy = false;
  const answer = async (what: keyof typeof broken, call: string) => {
    calls.push(call);
    if (isBusy) throw new Error("two calls at once");
    isBusy = true;
    await new Promise((resolve) => setTimeout(resolve, broken.hang ? 10_000 : 1));
    isBusy = false;
    if (broken[what]) throw new Error(`${what} is broken`);
  };
  let lose: (cause: unknown) => void = () => undefined;
  const store: WordStore = {
    connect: () => answer("connect", "connect"),
    read: async (address, count) => {
      await answer("read", `read ${address} ${count}`);
      return new Array<number>(count).fill(7);
    },
    write: (address, values) => answer("write", `write ${address} ${values.join(" ")}`),
    close: async () => void calls.push("close"),
  };
  const transport = createGatewayTransport({
    address: "somewhere",
    writable: [{ address: 0, count: 8 }],
    connectTimeoutMs: 100,
    requestTimeoutMs: 50,
    createStore: (onLost) => {
      lose = onLost;
      return store;
    },
  });
  return { calls, broken, transport, lose: (cause: unknown) => lose(cause) };
}

test("requests are carried out in order and one at a time, and answered as a Modbus server does", async () => {
  const { calls, transport } = createFakeStore();
  const { answers } = await open(transport);
  const both = Buffer.concat([
    request(1, write(0, 1, 2, 3)),
    request(2, { function: 6, address: 5, values: [9] }),
  ]);
  expect(transport.write(both).ok).toBe(true);
  expect(transport.write(request(3, read(100, 2))).ok).toBe(true);
  await until(() => answers.length === 3, "answers");
  expect(calls).toEqual(["connect", "write 0 1 2 3", "write 5 9", "read 100 2"]);
  expect(answers.map(decodeResponse)).toEqual([
    { transaction: 1, unitId: 1, body: { function: 16, address: 0 } },
    { transaction: 2, unitId: 1, body: { function: 6, address: 5 } },
    { transaction: 3, unitId: 1, body: { function: 3, values: [7, 7] } },
  ]);
});

test("a write outside the connection's own ranges is refused, with everything that came with it", async () => {
  const { calls, transport } = createFakeStore();
  await open(transport);
  const both = Buffer.concat([request(1, write(0, 1)), request(2, write(7, 1, 2))]);
  expect(transport.write(both)).toMatchObject({
    failure: { code: "sorter.write-refused", details: { address: 7 } },
  });
  expect(transport.write(request(3, { function: 6, address: 8, values: [1] }))).toMatchObject({ ok: false });
  expect(transport.write(Uint8Array.of(1, 2, 3))).toMatchObject({
    failure: { code: "device.refused-frame" },
  });
  expect(calls).toEqual(["connect"]);
});

test("a failed call ends the transport once; what waited behind it is never carried out", async () => {
  const { calls, broken, transport } = createFakeStore();
  const { closes } = await open(transport);
  broken.write = true;
  transport.write(
    Buffer.concat([request(1, write(0, 1)), request(2, { function: 6, address: 5, values: [9] })]),
  );
  await until(() => closes.length > 0, "the end");
  expect(calls).toEqual(["connect", "write 0 1"]);
  expect(closes).toEqual(["device.disconnected write is broken"]);
  expect(transport.write(request(3, read(0, 1))).ok).toBe(false);
});

test("a call without an answer and a lost line end it the same way; queued requests are bounded", async () => {
  const hanging = createFakeStore();
  const first = await open(hanging.transport);
  hanging.broken.hang = true;
  const results = Array.from({ length: 80 }, (_, step) => hanging.transport.write(request(step, read(0, 1))));
  expect(results.filter(({ ok }) => !ok)[0]).toMatchObject({ failure: { code: "device.queue-full" } });
  await until(() => first.closes.length > 0, "the end");
  expect(first.closes).toEqual(["device.disconnected no answer to read within 50 ms"]);

  const losing = createFakeStore();
  const second = await open(losing.transport);
  losing.lose(new Error("cable"));
  losing.lose(new Error("again"));
  expect(second.closes).toEqual(["device.disconnected cable"]);
});

test("a connect that fails or hangs is a failure, and close is quiet", async () => {
  for (const what of ["connect", "hang"] as const) {
    const { broken, transport } = createFakeStore();
    broken[what] = true;
    const { opened, closes } = await open(transport);
    expect(opened).toMatchObject({ ok: false, failure: { code: "device.disconnected" } });
    expect(closes).toEqual([]);
  }
});

const gateway = { writable: [{ address: 0, count: 8 }], connectTimeoutMs: 1500, requestTimeoutMs: 300 };
const plcs: readonly (readonly [string, (port: number) => Connection])[] = [
  [
    "s7",
    (port: number) => ({
      type: "s7",
      host: "127.0.0.1",
      port,
      rack: 0,
      slot: 1,
      db: 1,
      startByte: 0,
      ...gateway,
    }),
  ],
  [
    "ethernet-ip",
    (port: number) => ({ type: "ethernet-ip", host: "127.0.0.1", port, slot: 0, tag: "W", ...gateway }),
  ],
  [
    "opc-ua",
    (port: number) => ({
      type: "opc-ua",
      endpoint: `opc.tcp://127.0.0.1:${port}`,
      node: "ns=1;s=W",
      securityMode: "None",
      securityPolicy: "None",
      ...gateway,
    }),
  ],
];

/** Peers no library expects: whatever they do, the outcome is a failure, and nothing is thrown into the process. */
const peers: Readonly<Record<string, (socket: Socket) => void>> = {
  "hangs up at once": (socket) => void socket.destroy(),
  resets: (socket) => void socket.resetAndDestroy(),
  "says nothing": () => undefined,
  "answers with noise": (socket) => void socket.on("data", () => socket.write(Buffer.alloc(60, 0x99))),
  "answers with zeros": (socket) => void socket.on("data", () => socket.write(Buffer.alloc(60))),
  "answers two bytes": (socket) => void socket.on("data", () => socket.write(Buffer.from([3, 0]))),
  "sends the question back": (socket) => void socket.on("data", (bytes) => socket.write(bytes)),
};

test.each(plcs.flatMap(([type, locate]) => Object.keys(peers).map((peer) => [type, peer, locate] as const)))(
  "%s: a peer that %s",
  async (_, peer, locate) => {
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      peers[peer]?.(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    const transport = createTransport(locate(typeof address === "object" && address ? address.port : 0), {});
    const { opened } = await open(transport);
    expect(opened).toMatchObject({ ok: false, failure: { code: "device.disconnected" } });
    await transport.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
);

/** Between station and PLC: repeats the PLC's last answer whenever the next question comes. */
async function openRepeater(port: number) {
  const inner = connect({ host: "127.0.0.1", port });
  await once(inner, "connect");
  let answers = 0;
  let questions = 0;
  let last: Uint8Array | null = null;
  const pipe = await openTcpPipe({
    onData: (bytes, client) => {
      questions += 1;
      // the answers that open the connection bear no number
      if (last && answers > 3) client.send(last);
      setTimeout(() => inner.write(bytes), 3);
    },
  });
  inner.on("data", (bytes) => {
    answers += 1;
    last = bytes;
    pipe.send(bytes);
  });
  onTestFinished(async () => {
    inner.destroy();
    await pipe.stop();
  });
  if (pipe.connection.type !== "tcp") throw new Error("a repeater is reached over TCP");
  return { port: pipe.connection.port, questions: () => questions };
}

test.each([
  ["s7", startS7SorterTwin],
  ["ethernet-ip", startEthernetIpSorterTwin],
] as const)(
  "%s: an answer that comes again answers nothing and makes nothing be sent again",
  async (_, startTwin) => {
    const twin = await startTwin({ heartbeatMs: 60_000 });
    onTestFinished(twin.stop);
    if (!("port" in twin.connection)) throw new Error("this twin has a port");
    const { port, questions } = await openRepeater(twin.connection.port);
    const transport = createTransport({ ...twin.connection, port }, {});
    const { opened, answers, closes } = await open(transport);
    expect(opened.ok).toBe(true);
    for (const register of [0, 1, 2, 3, 4])
      transport.write(request(register, { function: 6, address: register, values: [register + 11] }));
    for (const register of [0, 1, 2, 3, 4]) transport.write(request(register + 10, read(register, 1)));
    await until(() => answers.length === 10 || closes.length > 0, "answers");
    expect(closes).toEqual([]);
    expect(answers.slice(5).map((answer) => decodeResponse(answer)?.body)).toEqual(
      [11, 12, 13, 14, 15].map((value) => ({ function: 3, values: [value] })),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    // two open the connection; more than one for each request would be a write done again
    expect(questions()).toBe(2 + 10);
  },
);

test.each(plcs)("%s: nobody listens", async (_, locate) => {
  const { opened } = await open(createTransport(locate(1), {}));
  expect(opened).toMatchObject({ ok: false, failure: { code: "device.disconnected" } });
});
