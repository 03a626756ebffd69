import { once } from "node:events";
import { createServer, Socket } from "node:net";
import Modbus from "jsmodbus";
import { expect, onTestFinished, test } from "vitest";
import { createModbusFramer, type ModbusRequest } from "../framing/modbus-tcp.ts";
import { systemClock } from "../kit/clock.ts";
import { until } from "../conformance/recorder.ts";
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
