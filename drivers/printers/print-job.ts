import type { FailureCode } from "@waystation/shared/failures/catalog";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import { type Clock, pause } from "../kit/clock.ts";
import type { PrintJob, PrintOutcome, UnresolvedJob } from "../kit/device.ts";
import { withDevice } from "../kit/with-device.ts";
import { findTrouble, isFree, type PrinterStatus } from "./printer-status.ts";

const chunkBytes = 16 * 1024;
const backlogBytes = 64 * 1024;

/**
 * What "printed" rests on where no counter can be asked:
 * idle            idle and well twice in a row, on the line that carried the bytes; for answers that count what waits
 * busy-then-idle  the same, after it was seen printing; for answers that tell the present moment only
 * receipt         the printer reports that what was sent is done
 * none            nothing: a job that was sent is "unknown"
 */
export const proofs = ["idle", "busy-then-idle", "receipt", "none"] as const;
export type Proof = (typeof proofs)[number];

export type Receipts = {
  /** Before the first byte of a job. */
  readonly begin: (bytes: Uint8Array) => void;
  /** Behind the last byte. */
  readonly request: () => void;
  readonly isIn: () => boolean;
};

export type PrinterLine = {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly pollMs: number;
  readonly settleMs: number;
  readonly proof: Proof;
  readonly receipts: Receipts;
  readonly countLabels: (bytes: Uint8Array) => number;
  readonly readStatus: (timeoutMs: number) => Promise<Result<PrinterStatus>>;
  readonly readOdometer: (timeoutMs: number) => Promise<Result<number | null>>;
  readonly write: (bytes: Uint8Array) => Result<null>;
  readonly bufferedBytes: () => number;
  readonly cancelPartialFormat: () => void;
  /** Number of the present connection, null while there is none. */
  readonly connection: () => number | null;
};

/**
 * One job at a time, and the truth about each, in every language. Before the first byte every trouble is "failed";
 * after it only the printer's own counter, or what its manual lets one conclude (`Proof`), says "printed", only the
 * counter says "failed", and whatever they cannot say is "unknown".
 */
export function createPrintJobs(line: PrinterLine) {
  let busy = false;
  let jobs = 0;
  /** Of the last job nobody knows: its label may still come out. */
  let isUnsettled = false;

  const exclusively = async (run: () => Promise<PrintOutcome>): Promise<PrintOutcome> => {
    if (busy) return failed(line, "device.queue-full", { limit: 1 });
    busy = true;
    jobs += 1;
    try {
      const outcome = await run();
      // One that failed before its first byte says nothing of the label before it.
      isUnsettled = outcome.outcome === "unknown" || (isUnsettled && outcome.outcome === "failed");
      return outcome;
    } finally {
      busy = false;
    }
  };

  /** What a job that begins now would find; while one is out, or begins meanwhile, its own end tells. */
  async function readOdometer(timeoutMs: number): Promise<Result<number | null>> {
    const [jobsBefore, settleMs] = [jobs, isUnsettled ? line.settleMs : 0];
    const isOurs = (): boolean => !busy && jobs === jobsBefore;
    const read = await readAtRest(line, { deadlineMs: line.clock.nowMs() + timeoutMs, settleMs, isOurs });
    return isOurs() ? read : fail("device.queue-full", { device: line.deviceId, limit: 1 });
  }

  return {
    isBusy: () => busy,
    print: (job: PrintJob) => exclusively(() => runJob(line, job)),
    resolveJob: (job: UnresolvedJob) => exclusively(() => resolveJob(line, job)),
    readOdometer,
  };
}

type Rest = {
  readonly deadlineMs: number;
  /** So long it must stay the same. */
  readonly settleMs: number;
  readonly isOurs: () => boolean;
};

/**
 * The counter once nothing waits: read while a label was on its way, it would be one too low for the next job, and a
 * label that never came out would pass for printed.
 */
async function readAtRest(
  line: PrinterLine,
  { deadlineMs, settleMs, isOurs }: Rest,
): Promise<Result<number | null>> {
  let value: number | null = null;
  let sinceMs = 0;
  for (; isOurs() && remaining(line, deadlineMs) > 0; await pause(line.clock, line.pollMs)) {
    const status = await line.readStatus(atLeastOne(remaining(line, deadlineMs)));
    const isAtRest = status.ok && isFree(status.value);
    const now = isAtRest ? await line.readOdometer(atLeastOne(remaining(line, deadlineMs))) : null;
    // It cannot tell, now or ever.
    if (now?.ok === true && now.value === null) return now;
    const counted = now?.ok === true ? now.value : null;
    if (counted !== value) sinceMs = line.clock.nowMs();
    value = counted;
    if (value !== null && line.clock.nowMs() - sinceMs >= settleMs) return succeed(value);
  }
  return fail("printer.unconfirmed", { device: line.deviceId });
}

async function runJob(line: PrinterLine, job: PrintJob): Promise<PrintOutcome> {
  const deadlineMs = line.clock.nowMs() + job.timeoutMs;
  const labels = job.labels ?? line.countLabels(job.bytes);
  if (labels < 1) return failed(line, "printer.not-printed", { reason: "the job holds no label format" });

  const hindrance = await waitUntilFree(line, deadlineMs);
  if (hindrance) return { outcome: "failed", failure: hindrance };
  const before = await line.readOdometer(atLeastOne(remaining(line, deadlineMs)));
  if (!before.ok) return { outcome: "failed", failure: named(line, before.failure) };

  const connection = line.connection();
  line.receipts.begin(job.bytes);
  const sent = await writeJob(line, job.bytes, connection, deadlineMs);
  if (sent.sentBytes === 0 && sent.failure) return { outcome: "failed", failure: sent.failure };
  if (sent.failure === null) line.receipts.request();
  return confirm(line, {
    odometerBefore: before.value,
    labels,
    connection,
    deadlineMs,
    isWhole: sent.failure === null,
  });
}

/**
 * null once the printer is free and well; nothing has been sent when it is not. An answer that does not tell is asked
 * again: behind a damaged one half a label may wait, which would come out with the next.
 */
async function waitUntilFree(line: PrinterLine, deadlineMs: number): Promise<Failure | null> {
  let partialSinceMs: number | null = null;
  let isTold = true;
  while (remaining(line, deadlineMs) > 0) {
    const status = await line.readStatus(atLeastOne(remaining(line, deadlineMs)));
    if (!status.ok) return named(line, status.failure);
    const trouble = findTrouble(status.value);
    if (trouble) return named(line, trouble);
    if (isFree(status.value)) return null;
    const { work } = status.value;
    isTold = work !== "untold";
    if (work !== "partial") partialSinceMs = null;
    else partialSinceMs ??= line.clock.nowMs();
    if (partialSinceMs !== null && line.clock.nowMs() - partialSinceMs >= line.settleMs) {
      line.cancelPartialFormat();
      partialSinceMs = null;
    }
    await pause(line.clock, line.pollMs);
  }
  return isTold
    ? fail("device.queue-full", { device: line.deviceId, limit: 1 }).failure
    : fail("device.silent", { device: line.deviceId }).failure;
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
  /** Its last byte has left. */
  readonly isWhole: boolean;
};

/** What the answers since the job's last byte show. */
type Seen = {
  readonly status: Result<PrinterStatus>;
  readonly sameLine: boolean;
  readonly idleInARow: number;
  readonly wasBusy: boolean;
};

/** Polls until the printer is idle and the counter agrees, also over a new connection. */
async function confirm(line: PrinterLine, job: SentJob): Promise<PrintOutcome> {
  const countless = job.odometerBefore === null;
  let trouble: Failure | null = null;
  let unchanged = false;
  let seen: Pick<Seen, "idleInARow" | "wasBusy"> = { idleInARow: 0, wasBusy: false };
  for (;;) {
    await pause(line.clock, line.pollMs);
    const now = await look(line, job, seen);
    if (now === null) break;
    seen = now;
    const wasUnchanged: boolean = unchanged;
    unchanged = false;
    if (now.status.ok) trouble = findTrouble(now.status.value);
    if (countless) {
      const verdict = judgeWithoutCounter(line, job, now, trouble);
      if (verdict) return verdict;
      continue;
    }
    if (now.idleInARow === 0) continue;
    const read = await line.readOdometer(atLeastOne(remaining(line, job.deadlineMs)));
    // Still nothing waits; that the time ran out before the counter was told takes nothing from what it said last.
    if (!read.ok && remaining(line, job.deadlineMs) <= 0) unchanged = wasUnchanged && now.sameLine;
    if (!read.ok || read.value === null) continue;
    const expected = (job.odometerBefore ?? 0) + job.labels;
    if (read.value === expected) return { outcome: "printed", odometer: read.value };
    if (read.value > expected) return unknown(line, null);
    unchanged = now.sameLine && read.value === job.odometerBefore;
  }
  // the answer came after the job on one line: the job was taken in, nothing waits, nothing was counted
  return unchanged ? failed(line, "printer.not-printed") : unknown(line, trouble);
}

/** null: the time is up. */
async function look(
  line: PrinterLine,
  job: SentJob,
  before: Pick<Seen, "idleInARow" | "wasBusy">,
): Promise<Seen | null> {
  const leftMs = remaining(line, job.deadlineMs);
  if (leftMs <= 0) return null;
  const sameLine = line.connection() === job.connection;
  const status = await line.readStatus(leftMs);
  if (!status.ok && remaining(line, job.deadlineMs) <= 0) return null;
  const work = status.ok ? status.value.work : "unknown";
  return {
    status,
    sameLine,
    idleInARow: work === "idle" ? before.idleInARow + 1 : 0,
    wasBusy: before.wasBusy || (sameLine && work === "busy"),
  };
}

/** null: not yet. A job cut short, or one whose line went, can only be told by a counter. */
function judgeWithoutCounter(
  line: PrinterLine,
  job: SentJob,
  seen: Seen,
  trouble: Failure | null,
): PrintOutcome | null {
  const isSettled = seen.sameLine && job.isWhole && seen.status.ok && trouble === null;
  if (line.proof === "none") return isSettled ? unknown(line, null) : null;
  if (!isSettled) return null;
  const isIdle = seen.idleInARow >= 2;
  const isProven =
    line.proof === "receipt" ? line.receipts.isIn() : isIdle && (line.proof === "idle" || seen.wasBusy);
  return isProven ? { outcome: "printed", odometer: null } : null;
}

async function resolveJob(line: PrinterLine, job: UnresolvedJob): Promise<PrintOutcome> {
  const deadlineMs = line.clock.nowMs() + job.timeoutMs;
  if (job.odometerBefore === null) return unknown(line, null);
  const expected = job.odometerBefore + (job.labels ?? 1);
  let trouble: Failure | null = null;
  let unchangedSinceMs: number | null = null;
  for (; remaining(line, deadlineMs) > 0; await pause(line.clock, line.pollMs)) {
    const status = await line.readStatus(atLeastOne(remaining(line, deadlineMs)));
    if (status.ok) trouble = findTrouble(status.value);
    if (!status.ok || status.value.work !== "idle") {
      unchangedSinceMs = null;
      continue;
    }
    const now = await line.readOdometer(atLeastOne(remaining(line, deadlineMs)));
    if (!now.ok || now.value === null) continue;
    if (now.value === expected) return { outcome: "printed", odometer: now.value };
    if (now.value !== job.odometerBefore) return unknown(line, null);
    unchangedSinceMs ??= line.clock.nowMs();
    if (line.clock.nowMs() - unchangedSinceMs >= line.settleMs) return failed(line, "printer.not-printed");
  }
  return unknown(line, trouble);
}

const remaining = (line: PrinterLine, deadlineMs: number) => deadlineMs - line.clock.nowMs();

/** For a question asked at the very end: it gets a moment rather than none. */
const atLeastOne = (leftMs: number) => Math.max(1, leftMs);

const named = (line: PrinterLine, failure: Failure): Failure => withDevice(failure, line.deviceId);

const failed = (line: PrinterLine, code: FailureCode, details: Failure["details"] = {}): PrintOutcome => ({
  outcome: "failed",
  failure: fail(code, { device: line.deviceId, ...details }).failure,
});

/** `trouble`: what the printer complained of last. */
const unknown = (line: PrinterLine, trouble: Failure | null): PrintOutcome => ({
  outcome: "unknown",
  failure: named(line, trouble ?? fail("printer.unconfirmed").failure),
});
