import { fail } from "@waystation/shared/failures/result";
import { expect, test } from "vitest";
import { createMemoryLine } from "../transport/memory.ts";
import { createManualClock } from "./manual-clock.ts";
import { superviseConnection } from "./supervise.ts";

function setUp(random = () => 1) {
  const clock = createManualClock();
  const line = createMemoryLine();
  const attemptsAtMs: number[] = [];
  const log: string[] = [];
  const supervisor = superviseConnection({
    clock,
    random,
    createTransport: () => {
      attemptsAtMs.push(clock.nowMs());
      return line.createTransport();
    },
    events: {
      onOpen: () => log.push("open"),
      onData: () => log.push("data"),
      onDown: (failure) => log.push(failure.code),
    },
  });
  return { clock, line, attemptsAtMs, log, supervisor };
}

test("the wait doubles up to two seconds and starts over once the peer has spoken", async () => {
  const { clock, line, attemptsAtMs, supervisor } = setUp();
  line.setReachable(false);
  supervisor.start();
  await clock.advance(8000);
  const waits = attemptsAtMs.slice(1).map((atMs, position) => atMs - (attemptsAtMs[position] ?? 0));
  expect(waits.slice(0, 7)).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);

  line.setReachable(true);
  await clock.advance(2000);
  expect(supervisor.isOpen()).toBe(true);
  line.send(Uint8Array.of(1));
  line.cut();
  await clock.advance(99);
  expect(supervisor.isOpen()).toBe(false);
  await clock.advance(1);
  expect(supervisor.isOpen()).toBe(true);
});

test("jitter takes at most half of the wait", async () => {
  const { clock, line, attemptsAtMs, supervisor } = setUp(() => 0);
  line.setReachable(false);
  supervisor.start();
  await clock.advance(350);
  expect(attemptsAtMs).toEqual([0, 50, 150, 350]);
});

test("drop gives the line up, nothing is written meanwhile, and stop ends it for good", async () => {
  const { clock, line, log, supervisor } = setUp();
  supervisor.start();
  await clock.advance(0);
  supervisor.drop(fail("device.silent").failure);
  expect(supervisor.write(Uint8Array.of(1))).toEqual(fail("device.disconnected"));
  await clock.advance(100);
  expect(log).toEqual(["open", "device.silent", "open"]);

  await supervisor.stop();
  line.cut();
  await clock.advance(60_000);
  expect(log).toHaveLength(3);
  expect(supervisor.isOpen()).toBe(false);
});
