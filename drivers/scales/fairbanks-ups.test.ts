import { expect, test } from "vitest";
import { createRecorder } from "../conformance/recorder.ts";
import { connectDevice } from "../connect-device.ts";
import { createManualClock } from "../kit/manual-clock.ts";
import { decodeLatin1, encodeText } from "../kit/text.ts";
import { createMemoryLine } from "../transport/memory.ts";

async function connect() {
  const clock = createManualClock(1000);
  const line = createMemoryLine();
  const written: string[] = [];
  line.listen((bytes) => void written.push(decodeLatin1(bytes)));
  const recorder = createRecorder();
  const deps = { clock, random: () => 1, createTransport: line.createTransport };
  const binding = {
    deviceId: "d",
    model: "fairbanks-ups",
    connection: { type: "tcp", host: "127.0.0.1", port: 1 },
  } as const;
  const connected = connectDevice(binding, recorder.listener, deps);
  if (!connected.ok || connected.value.kind !== "scale") throw new Error("no scale");
  connected.value.start();
  await clock.advance(0);
  const say = (text: string) => line.send(encodeText(text));
  say("   0.00 lb GR  \r\n");
  await clock.advance(60);
  written.length = 0;
  return { clock, line, say, written, scale: connected.value, ...recorder };
}

test("a line is told once no EOT can follow it, and answers", async () => {
  const { clock, say, written, scale, ofKind } = await connect();
  const weighed = scale.requestWeight(2000);
  say("   2.00 lb GR  \r\n");
  await clock.advance(49);
  expect([written, ofKind("weight")]).toEqual([["\r"], []]);
  await clock.advance(1);
  expect(await weighed).toEqual({ ok: true, value: 907 });
  expect(ofKind("weight")).toEqual([{ kind: "weight", weightGrams: 907, state: "stable", net: false }]);
});

test("beyond capacity the weight in the line is never told, though EOT comes late", async () => {
  const { clock, say, scale, ofKind } = await connect();
  const weighed = scale.requestWeight(2000);
  say("  99.00 lb GR  \r\n");
  await clock.advance(30);
  say("\u0004");
  expect(await weighed).toMatchObject({ failure: { code: "scale.out-of-range" } });
  await clock.advance(500);
  expect(ofKind("weight")).toEqual([{ kind: "weight", state: "over", net: false }]);
});

test("a line held when the cable is pulled is forgotten", async () => {
  const { clock, line, say, scale, ofKind } = await connect();
  const weighed = scale.requestWeight(2000);
  say("   2.00 lb GR  \r\n");
  line.cut();
  await clock.advance(60);
  expect(await weighed).toMatchObject({ failure: { code: "device.disconnected" } });
  expect(ofKind("weight")).toEqual([]);
});
