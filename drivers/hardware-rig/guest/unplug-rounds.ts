import { deepEqual, equal, ok } from "node:assert/strict";
import type { Reading } from "@waystation/shared/model/reading";
import { createRecorder, until } from "../../conformance/recorder.ts";
import { connectDevice, type DeviceBinding } from "../../connect-device.ts";
import { note } from "./run-tests.ts";
import { measureCpuShare, pause } from "./system.ts";

/** One device under test and a hand on its cable. Frame number n is told by reading number n and by no other. */
export type UnpluggableLine = {
  readonly binding: Omit<DeviceBinding, "deviceId">;
  readonly plug: () => Promise<void>;
  readonly unplug: () => Promise<void>;
  readonly sendWhole: (number: number) => Promise<void>;
  readonly sendHalf: (number: number) => Promise<void>;
  readonly expect: (number: number) => Reading;
  /** A device that repeats what it says: equal readings in a row count as one. */
  readonly repeats?: boolean;
};

const noticedWithinMs = 3000;
const recoveredWithinMs = 12_000;
/** A re-reading loop takes the whole processor; the looks for a returning device cost some of an emulated one. */
const cpuShareLimit = 0.7;

/** The promise of every line: a cable pulled in the middle of a frame costs that frame and nothing else. */
export async function runUnplugRounds(line: UnpluggableLine, rounds = 2): Promise<void> {
  const recorder = createRecorder();
  const connected = connectDevice({ deviceId: "device-1", ...line.binding }, recorder.listener);
  if (!connected.ok) throw new Error(JSON.stringify(connected.failure));
  const device = connected.value;
  const told = () => (line.repeats === true ? dropRepeats(recorder.readings) : recorder.readings);
  const sent: Reading[] = [];
  const sendAndHear = async (number: number) => {
    await line.sendWhole(number);
    sent.push(line.expect(number));
    await until(() => told().length >= sent.length, `reading ${number} of ${line.binding.model}`);
  };

  await line.plug();
  device.start();
  try {
    await until(recorder.isReady, "ready after plugging in", recoveredWithinMs);
    for (const number of [1, 2, 3]) await sendAndHear(number);
    for (let round = 1; round <= rounds; round += 1) {
      await line.sendHalf(round * 10);
      await pause(150);
      await loseAndRecover(line, recorder, device.state);
      for (const number of [1, 2, 3]) await sendAndHear(round * 10 + number);
    }
    await pause(200);
    deepEqual(told(), sent);
  } finally {
    await device.stop();
    await line.unplug();
  }
}

async function loseAndRecover(
  line: UnpluggableLine,
  recorder: ReturnType<typeof createRecorder>,
  state: () => { readonly state: string },
): Promise<void> {
  const pulledAtMs = performance.now();
  await line.unplug();
  await until(() => state().state === "faulted", "the loss is told", noticedWithinMs);
  const noticedMs = performance.now() - pulledAtMs;
  const share = await measureCpuShare(1500);
  equal(state().state, "faulted");
  ok(share < cpuShareLimit, `unplugged, the process takes ${(share * 100).toFixed(0)} % of a processor`);

  const pluggedAtMs = performance.now();
  await line.plug();
  await until(recorder.isReady, "ready after plugging in again", recoveredWithinMs);
  const recoveredMs = performance.now() - pluggedAtMs;
  note(
    `noticed after ${noticedMs.toFixed(0)} ms, ${(share * 100).toFixed(0)} % CPU, back after ${recoveredMs.toFixed(0)} ms`,
  );
}

const dropRepeats = (readings: readonly Reading[]): Reading[] =>
  readings.filter((reading, at) => JSON.stringify(reading) !== JSON.stringify(readings[at - 1]));
