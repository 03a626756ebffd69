import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { expect, test } from "vitest";
import type { Clock } from "../kit/clock.ts";
import { createPrintJobs, type PrinterLine } from "./print-job.ts";
import { describeStatus, type PrinterStatus } from "./printer-status.ts";

const pollMs = 20;
const answerMs = 5;
const idle = describeStatus({}, "idle");
const busy = describeStatus({}, "busy");

/** A printer on a clock that moves on only when nothing else is left to do; each answer takes five milliseconds. */
function setUp({ statusAt }: { readonly statusAt: (nowMs: number) => PrinterStatus }) {
  let nowMs = 0;
  const timers: { readonly atMs: number; readonly run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    after: (delayMs, run) => {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const answerIn = <Value>(timeoutMs: number, value: () => Value): Promise<Result<Value>> =>
    new Promise((resolve) => {
      if (timeoutMs < answerMs) clock.after(timeoutMs, () => resolve(fail("device.silent", { device: "p" })));
      else clock.after(answerMs, () => resolve(succeed(value())));
    });
  const line: PrinterLine = {
    deviceId: "p",
    clock,
    pollMs,
    settleMs: 200,
    proof: "idle",
    receipts: { begin: () => undefined, request: () => undefined, isIn: () => false },
    countLabels: () => 1,
    readStatus: (timeoutMs) => answerIn(timeoutMs, () => statusAt(nowMs)),
    readOdometer: (timeoutMs) => answerIn(timeoutMs, () => 1000),
    write: () => succeed(null),
    bufferedBytes: () => 0,
    cancelPartialFormat: () => undefined,
    connection: () => 1,
  };
  async function until<Value>(work: Promise<Value>): Promise<Value> {
    let isDone = false;
    void work.finally(() => (isDone = true));
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone) return work;
      const [next] = timers.toSorted((one, other) => one.atMs - other.atMs);
      if (next === undefined) throw new Error("nothing left to happen");
      timers.splice(timers.indexOf(next), 1);
      nowMs = Math.max(nowMs, next.atMs);
      next.run();
    }
  }
  const jobs = createPrintJobs(line);
  return {
    print: (timeoutMs: number) => until(jobs.print({ jobId: "j", bytes: new Uint8Array(8), timeoutMs })),
  };
}

/** Long enough for a few looks, and a look later: the time runs out at every moment of one. */
const timeouts = Array.from({ length: pollMs + 2 * answerMs + 1 }, (_, at) => 200 + at);

test("a swallowed job is failed whatever is being asked when its time runs out", async () => {
  for (const timeoutMs of timeouts) {
    const { print } = setUp({ statusAt: () => idle });
    expect([timeoutMs, await print(timeoutMs)]).toMatchObject([
      timeoutMs,
      { outcome: "failed", failure: { code: "printer.not-printed" } },
    ]);
  }
});

test("a job that begins to print in its last moment is unknown, whatever was seen before", async () => {
  for (const timeoutMs of timeouts) {
    const { print } = setUp({
      statusAt: (nowMs) => (nowMs > timeoutMs - pollMs - 2 * answerMs ? busy : idle),
    });
    const { outcome } = await print(timeoutMs);
    expect([timeoutMs, outcome]).toEqual([timeoutMs, "unknown"]);
  }
});
