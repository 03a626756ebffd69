import type { FailureCode } from "@waystation/shared/failures/catalog";
import { fail, type Failure, type Result } from "@waystation/shared/failures/result";
import { type Clock, pause } from "../kit/clock.ts";
import type { PrintJob, PrintOutcome, UnresolvedJob } from "../kit/device.ts";
import { withDevice } from "../kit/with-device.ts";
import { countLabels } from "./count-labels.ts";
import { findTrouble, type HostStatus } from "./host-status.ts";

const chunkBytes = 16 * 1024;
const backlogBytes = 64 * 1024;

export type PrinterLine = {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly pollMs: number;
  readonly settleMs: number;
  readonly readStatus: (timeoutMs: number) => Promise<Result<HostStatus>>;
  readonly readOdometer: (timeoutMs: number) => Promise<Result<number | null>>;
  readonly write: (bytes: Uint8Array) => Result<null>;
  readonly bufferedBytes: () => number;
  readonly cancelPartialFormat: () => void;
  /** Number of the present connection, null while there is none. */
  readonly connection: () => number | null;
};

/**
 * One job at a time, and the truth about each. Before the first byte every trouble is "failed"; after it only
 * the printer's own counter can say "printed" or "failed", and whatever it cannot say is "unknown".
 */
export function createPrintJobs(line: PrinterLine) {
  let busy = false;

  const exclusively = async (run: () => Promise<PrintOutcome>): Promise<PrintOutcome> => {
    if (busy) return failed(line, "device.queue-full", { limit: 1 });
    busy = true;
    try {
      return await run();
    } finally {
      busy = false;
    }
  };

  return {
    isBusy: () => busy,
    print: (job: PrintJob) => exclusively(() => runJob(line, job)),
    resolveJob: (job: UnresolvedJob) => exclusively(() => resolveJob(line, job)),
  };
}

async function runJob(line: PrinterLine, job: PrintJob): Promise<PrintOutcome> {
  const deadlineMs = line.clock.nowMs() + job.timeoutMs;
  const labels = job.labels ?? countLabels(job.bytes);
  if (labels < 1) return failed(line, "printer.not-printed", { reason: "the job holds no label format" });

  const hindrance = await waitUntilFree(line, deadlineMs);
  if (hindrance) return { outcome: "failed", failure: hindrance };
  const before = await line.readOdometer(atLeastOne(remaining(line, deadlineMs)));
  if (!before.ok) return { outcome: "failed", failure: named(line, before.failure) };

  const connection = line.connection();
  const sent = await writeJob(line, job.bytes, connection, deadlineMs);
  if (sent.sentBytes === 0 && sent.failure) return { outcome: "failed", failure: sent.failure };
  return confirm(line, { odometerBefore: before.value, labels, connection, deadlineMs });
}

/** null once the printer is idle and well; nothing has been sent when it is not. */
async function waitUntilFree(line: PrinterLine, deadlineMs: number): Promise<Failure | null> {
  let partialSinceMs: number | null = null;
  while (remaining(line, deadlineMs) > 0) {
    const status = await line.readStatus(atLeastOne(remaining(line, deadlineMs)));
    if (!status.ok) return named(line, status.failure);
    const trouble = findTrouble(status.value);
    if (trouble) return fail(trouble, { device: line.deviceId }).failure;
    if (isIdle(status.value)) return null;
    if (!isOnlyPartial(status.value)) partialSinceMs = null;
    else partialSinceMs ??= line.clock.nowMs();
    if (partialSinceMs !== null && line.clock.nowMs() - partialSinceMs >= line.settleMs) {
      line.cancelPartialFormat();
      partialSinceMs = null;
    }
    await pause(line.clock, line.pollMs);
  }
  return fail("device.queue-full", { device: line.deviceId, limit: 1 }).failure;
}

/** In pieces, waiting while the printer does not read; the rest of a job never goes to another connection. */
async function writeJob(
  line: PrinterLine,
  bytes: Uint8Array,
  connection: number | null,
  deadlineMs: number,
): Promise<{ readonly sentBytes: number; readonly failure: Failure | null }> {
  for (let sentBytes = 0; sentBytes < bytes.length; sentBytes += chunkBytes) {
    while (line.bufferedBytes() > backlogBytes && remaining(line, deadlineMs) > 0) await pause(line.clock, 5);
    const inTime = remaining(line, deadlineMs) > 0;
    if (connection === null || line.connection() !== connection || !inTime) {
      return { sentBytes, failure: fail("device.disconnected", { device: line.deviceId }).failure };
    }
    const written = line.write(bytes.subarray(sentBytes, sentBytes + chunkBytes));
    if (!written.ok) return { sentBytes, failure: named(line, written.failure) };
  }
  return { sentBytes: bytes.length, failure: null };
}

type SentJob = {
  readonly odometerBefore: number | null;
  readonly labels: number;
  readonly connection: number | null;
  readonly deadlineMs: number;
};

/** Polls until the printer is idle and the counter agrees, also over a new connection. */
async function confirm(line: PrinterLine, job: SentJob): Promise<PrintOutcome> {
  let trouble: FailureCode = "printer.unconfirmed";
  let idleInARow = 0;
  let unchanged = false;
  for (;;) {
    await pause(line.clock, line.pollMs);
    const leftMs = remaining(line, job.deadlineMs);
    if (leftMs <= 0) break;
    const sameLine = line.connection() === job.connection;
    const status = await line.readStatus(leftMs);
    const isLate = remaining(line, job.deadlineMs) <= 0;
    if (!status.ok && isLate) break;
    unchanged = false;
    idleInARow = status.ok && isIdle(status.value) ? idleInARow + 1 : 0;
    if (status.ok) trouble = findTrouble(status.value) ?? "printer.unconfirmed";
    if (idleInARow === 0) continue;
    if (job.odometerBefore === null) {
      // no counter: two idle answers on the line that carried the bytes have to do
      if (sameLine && idleInARow >= 2) return { outcome: "printed", odometer: null };
      continue;
    }
    const now = await line.readOdometer(atLeastOne(remaining(line, job.deadlineMs)));
    if (!now.ok || now.value === null) continue;
    if (now.value === job.odometerBefore + job.labels) return { outcome: "printed", odometer: now.value };
    if (now.value > job.odometerBefore + job.labels) return unknown(line, "printer.unconfirmed");
    unchanged = sameLine && now.value === job.odometerBefore;
  }
  // the answer came after the job on one line: the job was taken in, nothing waits, nothing was counted
  return unchanged ? failed(line, "printer.not-printed") : unknown(line, trouble);
}

async function resolveJob(line: PrinterLine, job: UnresolvedJob): Promise<PrintOutcome> {
  const deadlineMs = line.clock.nowMs() + job.timeoutMs;
  if (job.odometerBefore === null) return unknown(line, "printer.unconfirmed");
  const expected = job.odometerBefore + (job.labels ?? 1);
  let trouble: FailureCode = "printer.unconfirmed";
  let unchangedSinceMs: number | null = null;
  for (; remaining(line, deadlineMs) > 0; await pause(line.clock, line.pollMs)) {
    const status = await line.readStatus(atLeastOne(remaining(line, deadlineMs)));
    if (status.ok) trouble = findTrouble(status.value) ?? "printer.unconfirmed";
    if (!status.ok || !isIdle(status.value)) {
      unchangedSinceMs = null;
      continue;
    }
    const now = await line.readOdometer(atLeastOne(remaining(line, deadlineMs)));
    if (!now.ok || now.value === null) continue;
    if (now.value === expected) return { outcome: "printed", odometer: now.value };
    if (now.value !== job.odometerBefore) return unknown(line, "printer.unconfirmed");
    unchangedSinceMs ??= line.clock.nowMs();
    if (line.clock.nowMs() - unchangedSinceMs >= line.settleMs) return failed(line, "printer.not-printed");
  }
  return unknown(line, trouble);
}

const remaining = (line: PrinterLine, deadlineMs: number) => deadlineMs - line.clock.nowMs();

/** For a question asked at the very end: it gets a moment rather than none. */
const atLeastOne = (leftMs: number) => Math.max(1, leftMs);

const isIdle = (status: HostStatus) =>
  status.formatsWaiting === 0 && status.labelsRemaining === 0 && !status.partialFormat;

const isOnlyPartial = (status: HostStatus) =>
  status.partialFormat && status.formatsWaiting === 0 && status.labelsRemaining === 0;

const named = (line: PrinterLine, failure: Failure): Failure => withDevice(failure, line.deviceId);

const failed = (line: PrinterLine, code: FailureCode, details: Failure["details"] = {}): PrintOutcome => ({
  outcome: "failed",
  failure: fail(code, { device: line.deviceId, ...details }).failure,
});

const unknown = (line: PrinterLine, code: FailureCode): PrintOutcome => ({
  outcome: "unknown",
  failure: fail(code, { device: line.deviceId }).failure,
});
