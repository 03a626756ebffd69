import { expect, test } from "vitest";
import { createRecorder } from "../conformance/recorder.ts";
import { connectDevice } from "../connect-device.ts";
import { encodeRequest, encodeResponse } from "../framing/modbus-tcp.ts";
import { defaultRegisterMap, layout } from "../sorters/register-map.ts";
import { createMemoryLine } from "../transport/memory.ts";
import { createManualClock } from "./manual-clock.ts";
import { decodeLatin1, encodeText } from "./text.ts";

const nowhere = { type: "tcp", host: "127.0.0.1", port: 1 } as const;

function connectOverMemory(model: string, more: { readonly quietMs?: number } = {}) {
  const clock = createManualClock(1000);
  const line = createMemoryLine();
  const written: Uint8Array[] = [];
  line.listen((bytes) => void written.push(bytes));
  const recorder = createRecorder();
  const deps = { clock, random: () => 1, createTransport: line.createTransport };
  const binding = { deviceId: "d", model, connection: nowhere, ...more };
  const connected = connectDevice(binding, recorder.listener, deps);
  if (!connected.ok) throw new Error("no device");
  connected.value.start();
  const texts = () => written.map(decodeLatin1);
  return { clock, line, written, texts, device: connected.value, ...recorder };
}

test("a reading is out before the data event returns", async () => {
  const { clock, line, readings } = connectOverMemory("serial-aim");
  await clock.advance(0);
  line.send(encodeText("]C0ABC\r]C0D"));
  expect(readings).toEqual([{ kind: "scan", data: "ABC", symbology: "code-128" }]);
});

test("divert has its bytes on the line when it returns: data, then sequence, then the question for the echo", async () => {
  const { clock, line, written, device } = connectOverMemory("modbus-sorter");
  await clock.advance(0);
  if (device.kind !== "sorter") throw new Error("no sorter");
  const answer = (transaction: number, values: number[]) =>
    line.send(encodeResponse({ transaction, unitId: 1, body: { function: 3, values } }, null));
  answer(1, [41]);
  answer(2, [0]);
  const status = new Array<number>(
    layout.statusHeadWords + defaultRegisterMap.eventSlots * layout.slotWords,
  ).fill(0);
  // It took number 41 and said so: otherwise that would be withdrawn first.
  answer(4, status.with(1, 41));
  written.length = 0;
  const divert = device.divert({ commandId: "c", parcelIndex: 70_000, chute: 5, deadlineMs: 900 });
  const data = { function: 16, address: 0, values: [1, 4464, 5, 0, 900] } as const;
  const sequence = { function: 6, address: 5, values: [42] } as const;
  expect(Buffer.from(written[0] ?? [])).toEqual(
    Buffer.concat([
      encodeRequest({ transaction: 5, unitId: 1, body: data }),
      encodeRequest({ transaction: 6, unitId: 1, body: sequence }),
    ]),
  );
  expect(written).toHaveLength(2);
  answer(7, status.with(1, 42).with(2, 1));
  expect(await divert).toEqual({ ok: true, value: { echoed: true } });
  await device.stop();
});

test("a quiet scale is asked something harmless; without an answer the line is given up and tried again", async () => {
  const { clock, line, texts, states } = connectOverMemory("mt-sics");
  await clock.advance(0);
  expect(texts()).toEqual(["I4\r\n"]);
  line.send(encodeText('I4 A "1"\r\n'));
  expect(states).toEqual([{ state: "ready" }]);

  await clock.advance(2100);
  expect(texts()).toEqual(["I4\r\n", "I4\r\n"]);
  await clock.advance(1000);
  expect(states.at(-1)).toMatchObject({
    state: "faulted",
    failure: { code: "device.silent", details: { device: "d" } },
  });
  await clock.advance(200);
  expect(texts()).toHaveLength(3);
  line.send(encodeText('I4 A "1"\r\n'));
  expect(states.at(-1)).toEqual({ state: "ready" });
});

test("a site may leave a line quiet for longer; a device that is gone is then noticed later", async () => {
  const { clock, line, texts, states } = connectOverMemory("mt-sics", { quietMs: 20_000 });
  await clock.advance(0);
  line.send(encodeText('I4 A "1"\r\n'));
  await clock.advance(19_000);
  expect(texts()).toEqual(["I4\r\n"]);
  await clock.advance(2000);
  expect(texts()).toHaveLength(2);
  await clock.advance(1000);
  expect(states.at(-1)).toMatchObject({ state: "faulted", failure: { code: "device.silent" } });
});

test("half a frame from before a reconnect is forgotten, and a fault is told once", async () => {
  const { clock, line, readings, states } = connectOverMemory("serial-aim");
  await clock.advance(0);
  line.send(encodeText("]C0OLD"));
  line.setReachable(false);
  line.cut();
  await clock.advance(10_000);
  line.setReachable(true);
  await clock.advance(2000);
  line.send(encodeText("]C0NEW\r"));
  expect(readings).toEqual([{ kind: "scan", data: "NEW", symbology: "code-128" }]);
  expect(states.map(({ state }) => state)).toEqual(["ready", "faulted", "ready"]);
});

test("an unknown model and options that do not fit are failures", () => {
  const { listener } = createRecorder();
  const unknown = connectDevice({ deviceId: "d", model: "toaster", connection: nowhere }, listener);
  const misfit = connectDevice(
    { deviceId: "d", model: "zpl", connection: nowhere, options: { dpi: 203 } },
    listener,
  );
  expect([unknown, misfit]).toMatchObject([
    { failure: { code: "config.invalid" } },
    { failure: { code: "config.invalid" } },
  ]);
});
