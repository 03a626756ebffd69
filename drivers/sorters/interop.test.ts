import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, Socket } from "node:net";
import { promisify } from "node:util";
import Modbus from "jsmodbus";
import { expect, onTestFinished, test } from "vitest";
import { createModbusFramer, type ModbusRequest } from "../framing/modbus-tcp.ts";
import { systemClock } from "../kit/clock.ts";
import { createRecorder, until } from "../conformance/recorder.ts";
import { connectDevice } from "../connect-device.ts";
import { createTcpTransport } from "../transport/tcp.ts";
import { startSorterTwin } from "../twins/sorter.ts";
import { createModbusClient } from "./modbus-client.ts";

/** An implementation of Modbus TCP that is not ours, on each side in turn. */
test("our client reads and writes an independent server", async () => {
  const holding = Buffer.alloc(512);
  holding.writeUInt16BE(0xbeef, 20);
  const server = createServer();
  new Modbus.server.TCP(server, { holding });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;

  const transport = createTcpTransport({ host: "127.0.0.1", port });
  onTestFinished(async () => {
    await transport.close();
    server.close();
  });
  const client = createModbusClient({
    unitId: 1,
    writable: [{ address: 0, count: 8 }],
    clock: systemClock,
    send: transport.write,
  });
  const framer = createModbusFramer();
  const fates: string[] = [];
  const sink = {
    onFrame: (adu: Uint8Array) => void fates.push(client.onFrame(adu)),
    onRefused: () => undefined,
  };
  await transport.open({ onData: (bytes) => framer.push(bytes, sink), onClose: () => undefined });
  const ask = (request: ModbusRequest) =>
    new Promise((resolve) => {
      const sent = client.send([request], resolve);
      if (!sent.ok) resolve(sent);
    });

  expect(await ask({ function: 3, address: 10, count: 2 })).toEqual({ ok: true, value: [0xbeef, 0] });
  expect(await ask({ function: 16, address: 0, values: [1, 2, 65_535] })).toMatchObject({ ok: true });
  expect(await ask({ function: 6, address: 5, values: [7] })).toMatchObject({ ok: true });
  expect(await ask({ function: 3, address: 0, count: 6 })).toEqual({
    ok: true,
    value: [1, 2, 65_535, 0, 0, 7],
  });
  const refused = { ok: false, failure: { code: "sorter.write-refused", details: { address: 7 } } };
  expect(await ask({ function: 16, address: 7, values: [1, 2] })).toMatchObject(refused);
  expect(await ask({ function: 6, address: 8, values: [1] })).toMatchObject({ ok: false });
  // this server answers a read beyond its end with fewer registers than asked for: never taken for a value
  void ask({ function: 3, address: 5000, count: 2 });
  await until(() => fates.includes("broken"), "the short answer");
});

test("an independent client reads and writes our PLC twin", async () => {
  const twin = await startSorterTwin();
  onTestFinished(twin.stop);
  if (twin.connection.type !== "tcp") throw new Error("the PLC speaks TCP");
  const socket = new Socket();
  const client = new Modbus.client.TCP(socket, 1);
  socket.connect({ host: twin.connection.host, port: twin.connection.port });
  await once(socket, "connect");
  onTestFinished(() => void socket.destroy());

  await client.writeMultipleRegisters(0, [0, 42, 3]);
  await client.writeSingleRegister(7, 99);
  const read = await client.readHoldingRegisters(0, 8);
  expect(read.response.body.valuesAsArray).toEqual([0, 42, 3, 0, 0, 0, 0, 99]);
  await expect(client.readHoldingRegisters(65_000, 10)).rejects.toMatchObject({ err: "ModbusException" });
  await expect(client.readCoils(0, 1)).rejects.toMatchObject({ err: "ModbusException" });
});

/** Two more implementations, where the machine has them: apt-get install mbpoll python3-pymodbus python3-serial-asyncio. */
const has = (program: string, ...parameters: string[]) => spawnSync(program, parameters).status === 0;
const python = "/usr/bin/python3";
const hasPymodbus = has(python, "-c", "import pymodbus.server");

test.runIf(has("mbpoll", "-V"))("mbpoll reads and writes our PLC twin", async () => {
  const twin = await startSorterTwin({ heartbeatMs: 60_000 });
  onTestFinished(twin.stop);
  if (twin.connection.type !== "tcp") throw new Error("the PLC speaks TCP");
  const call = (...parameters: string[]) =>
    promisify(execFile)("mbpoll", ["-m", "tcp", "-p", port, "-a", "1", "-0", "-1", ...parameters]);
  const port = String(twin.connection.port);
  await call("-t", "4", "-r", "0", "127.0.0.1", "5", "6", "65535");
  const read = await call("-t", "4", "-r", "0", "-c", "4", "127.0.0.1");
  expect(read.stdout.match(/^\[\d\]:\s+\d+/gm)?.map((line) => line.split(/\s+/)[1])).toEqual([
    "5",
    "6",
    "65535",
    "0",
  ]);
});

const pymodbusServer = `
import sys
from pymodbus.server import StartTcpServer
from pymodbus.datastore import ModbusSequentialDataBlock, ModbusSlaveContext, ModbusServerContext
block = ModbusSequentialDataBlock(0, [0] * 6000)
store = ModbusSlaveContext(hr=block, zero_mode=True)
StartTcpServer(context=ModbusServerContext(slaves=store, single=True), address=("127.0.0.1", int(sys.argv[1])))
`;

test.runIf(hasPymodbus)(
  "our sorter session runs against pymodbus: polled, beaten, and a write is there",
  async () => {
    const port = await findFreePort();
    const server = spawn(python, ["-c", pymodbusServer, String(port)], { stdio: "ignore" });
    onTestFinished(() => void server.kill());
    const { listener, ofKind, states } = createRecorder();
    const connection = { type: "tcp", host: "127.0.0.1", port } as const;
    const options = { heartbeatMs: 50, silenceMs: 2000, echoTimeoutMs: 200 };
    const binding = { deviceId: "plc", model: "modbus-sorter", connection, options };
    const connected = connectDevice(binding, listener);
    if (!connected.ok || connected.value.kind !== "sorter") throw new Error("no sorter");
    const sorter = connected.value;
    onTestFinished(sorter.stop);
    sorter.start();
    const command = { commandId: "c", parcelIndex: 70_000, chute: 5, deadlineMs: 900 };
    // nobody echoes behind a bare server: the command is there, and unconfirmed
    let echo = await sorter.divert(command);
    const deadlineMs = performance.now() + 8000;
    while (!echo.ok && echo.failure.code === "device.disconnected" && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      echo = await sorter.divert(command);
    }
    expect(echo).toMatchObject({ ok: false, failure: { code: "sorter.unconfirmed" } });
    expect(await sorter.queryDivert(1, 500)).toEqual({ ok: true, value: { state: "unknown-parcel" } });
    expect(ofKind("refused")).toEqual([]);
    expect(states.filter(({ state }) => state === "ready")).toEqual([]);

    const socket = new Socket();
    const client = new Modbus.client.TCP(socket, 1);
    socket.connect({ host: "127.0.0.1", port });
    await once(socket, "connect");
    onTestFinished(() => void socket.destroy());
    const read = await client.readHoldingRegisters(0, 8);
    expect(read.response.body.valuesAsArray.slice(0, 6)).toEqual([1, 4464, 5, 0, 900, 1]);
    expect(read.response.body.valuesAsArray[7]).toBeGreaterThan(0);
  },
);

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}
