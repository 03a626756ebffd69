import type { Reading } from "@waystation/shared/model/reading";
import type { DeviceListener, DeviceState } from "../kit/device.ts";

/** A listener that keeps everything, for tests. */
export function createRecorder() {
  const readings: Reading[] = [];
  const states: DeviceState[] = [];
  const listener: DeviceListener = {
    onReading: (_, reading) => void readings.push(reading),
    onState: (_, state) => void states.push(state),
  };
  const ofKind = <Kind extends Reading["kind"]>(kind: Kind): Extract<Reading, { kind: Kind }>[] =>
    readings.filter((reading): reading is Extract<Reading, { kind: Kind }> => reading.kind === kind);
  return { listener, readings, states, ofKind, isReady: () => states.at(-1)?.state === "ready" };
}

/** Waits for a condition, never for a time; fails with what it waited for. */
export async function until(condition: () => boolean, what: string, timeoutMs = 8000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
