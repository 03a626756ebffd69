import { failureCatalog } from "@waystation/shared/failures/catalog";
import { type Failure, fail } from "@waystation/shared/failures/result";
import {
  type UploadFactsReply,
  uploadFactsReplySchema,
  wireVersion,
} from "@waystation/shared/wire/cloud-http";
import { readAnswer } from "./ask-cloud.ts";
import { createBackoff } from "./backoff.ts";
import type { CloudAccess } from "./cloud-access.ts";
import { openOutgoing, type OutgoingOptions, type Sent } from "./outgoing-batches.ts";
import { takeRefusal } from "./refused-batch.ts";
import { goOn, type Log, type LogPosition, openLog, type Outcome } from "./uplink-log.ts";

export type { LogPosition } from "./uplink-log.ts";

/** One is at work in the cloud's database while the next one is on its way and checked there. */
const batchesAtOnce = 2;

export type UplinkTimes = {
  readonly firstMs: number;
  readonly longestMs: number;
  /** After a refusal: somebody has to do something first. For a log that is refused again and again it doubles. */
  readonly refusedMs: number;
  readonly longestRefusedMs: number;
  readonly requestMs: number;
};
const usualTimes: UplinkTimes = {
  firstMs: 250,
  longestMs: 15_000,
  refusedMs: 120_000,
  longestRefusedMs: 900_000,
  requestMs: 30_000,
};

export type UplinkOptions = {
  readonly url: string;
  readonly stationId: string;
  readonly access: Pick<CloudAccess, "token" | "refuse">;
  readonly pack: OutgoingOptions["pack"];
  readonly onAcknowledged: (logId: string, reply: UploadFactsReply) => void;
  /** The cloud has less than it said: an older copy of it. What it called durable may be gone, too. */
  readonly onRestored: (logId: string, reply: UploadFactsReply) => void;
  /** The cloud has this log up to `through` and can take no more of it from here. */
  readonly onEnded?: (logId: string, through: number) => void;
  /** Null: the last exchange was good and no log stands still. */
  readonly onLink: (failure: Failure | null) => void;
  readonly times?: UplinkTimes;
};

export type Uplink = ReturnType<typeof startUplink>;

/** What the cloud says it has of a log. */
export type LogAcknowledgement = UploadFactsReply & { readonly logId: string };

/**
 * Sends facts above the acknowledged sequence; the fact log is the outbox. Logs go up in the order given, the last
 * one is the log in use. The cloud takes a batch whole or not at all, and a repeated one changes nothing there: so a
 * lost reply is simply sent again. While all is well the next batch goes out before the last one is answered; should
 * the first be lost, the second is a gap, which changes nothing either.
 */
export function startUplink(options: UplinkOptions, positions: readonly LogPosition[]) {
  const { times = usualTimes } = options;
  const refusedTimes = { firstMs: times.refusedMs, longestMs: times.longestRefusedMs };
  const logs = positions.map((position) => openLog(position, createBackoff(refusedTimes)));
  const backoff = createBackoff(times);
  const abort = new AbortController();
  const { signal } = abort;
  const outgoing = openOutgoing({ ...options, requestMs: times.requestMs, signal });
  const refusals = { ...options, outgoing, signal, stopLog, leaveLog, isInUse };
  /** The link rests until then; a stopped log has a clock of its own, so that the others go on. */
  let retryTimer: NodeJS.Timeout | undefined;
  /** Until when nothing may hurry: the cloud named a time. */
  let notBefore = 0;
  let underWay: Log | null = null;
  /** The last batch was taken as it was sent: another may go out unanswered. */
  let isSteady = false;

  async function pump(): Promise<void> {
    if (underWay !== null || retryTimer !== undefined) return;
    let outcome: Outcome = goOn;
    while (outcome === goOn && !signal.aborted) {
      underWay = nextLog();
      if (underWay === null) return;
      outcome = await sendNext(underWay);
    }
    underWay = null;
    if (outcome !== goOn && !signal.aborted) rest(outcome);
  }

  const nextLog = (): Log | null =>
    logs.find((log) => log.stopped === null && !log.ended && log.acknowledged < log.recorded) ?? null;

  async function sendNext(log: Log): Promise<Outcome> {
    const filled = await outgoing.fill(log, isSteady ? batchesAtOnce : 1);
    const sent = outgoing.next();
    if (sent === undefined) return filled.ok ? endLog(log) : filled;
    const outcome = await takeAnswer(log, sent);
    isSteady = outcome === goOn && log.acknowledged === sent.batch.last;
    if (!isSteady) await outgoing.settle();
    return outcome;
  }

  async function takeAnswer(log: Log, sent: Sent): Promise<Outcome> {
    const answer = await sent.answer;
    if (!answer.ok) return answer;
    const reply = readAnswer(answer.value, uploadFactsReplySchema);
    if (!reply.ok) outgoing.packAnew();
    const outcome = reply.ok
      ? takeReply(log, sent, reply.value)
      : await takeRefusal(refusals, log, sent, reply.failure);
    if (outcome === goOn || answer.value.retryAfterMs === null) return outcome;
    return { ...outcome, atLeastMs: answer.value.retryAfterMs };
  }

  function takeReply(log: Log, { batch }: Sent, reply: UploadFactsReply): Outcome {
    if (reply.receivedThrough < batch.last)
      return fail("cloud.refused", { reason: "it acknowledged less than it took" });
    log.acknowledged = batch.last;
    backoff.reset();
    log.refusals.reset();
    options.onAcknowledged(log.logId, positionOf(log, reply));
    reportLink();
    return log.acknowledged === log.recorded && !isInUse(log) ? leaveLog(log) : goOn;
  }

  function isInUse(log: Log): boolean {
    return log === logs.at(-1);
  }

  /** A former log has no more readable facts; the one in use was only quicker told of than read. */
  function endLog(log: Log): Outcome {
    if (!isInUse(log)) return leaveLog(log);
    log.recorded = log.acknowledged;
    return goOn;
  }

  function leaveLog(log: Log): Outcome {
    log.ended = true;
    options.onEnded?.(log.logId, log.acknowledged);
    return goOn;
  }

  /** Its facts stay, the other logs go on; tried again more and more rarely, in case the cloud was put right. */
  function stopLog(log: Log, failure: Failure): Outcome {
    log.stopped = failure;
    reportLink();
    log.stoppedTimer = setTimeout(() => {
      log.stopped = null;
      void pump();
    }, log.refusals.next());
    return goOn;
  }

  const reportLink = (): void =>
    options.onLink(logs.find(({ stopped }) => stopped !== null)?.stopped ?? null);

  function rest({ failure, atLeastMs = 0 }: Exclude<Outcome, "go-on">): void {
    options.onLink(failure);
    const isRare = !failureCatalog[failure.code].retryable || failure.code === "cloud.older";
    notBefore = performance.now() + atLeastMs;
    retryTimer = setTimeout(wake, Math.max(isRare ? times.refusedMs : 0, backoff.next(atLeastMs)));
  }

  function wake(): void {
    clearTimeout(retryTimer);
    retryTimer = undefined;
    // Whatever the cloud spoke before: it may have been updated meanwhile.
    outgoing.speak(wireVersion);
    void pump();
  }

  /**
   * A row that comes late must not send us back, one just fetched must: the cloud may be an older copy. If it was
   * late after all, the batch sent again is answered with how far the cloud really is. No row takes us further.
   */
  function compare(log: Log, known: UploadFactsReply, isFresh: boolean): void {
    if (log === underWay) return;
    const isBehind = isFresh && known.receivedThrough < log.acknowledged;
    if (isBehind) {
      log.ended = false;
      log.acknowledged = known.receivedThrough;
    }
    const tell = isBehind ? options.onRestored : options.onAcknowledged;
    tell(log.logId, positionOf(log, known));
  }

  /**
   * What is acknowledged is what the cloud took from here, batch by batch, for there its hashes were compared. What
   * it has beyond that may be another branch, written before an older copy of this log was put back: nothing of this
   * one may be skipped or deleted for it.
   */
  const positionOf = ({ acknowledged }: Log, { durableThrough }: UploadFactsReply): UploadFactsReply => ({
    receivedThrough: acknowledged,
    durableThrough: Math.min(durableThrough, acknowledged),
  });

  void pump();
  return {
    /** New facts of the log in use are durable. */
    notify(sequence: number): void {
      const current = logs.at(-1);
      if (current === undefined || sequence <= current.recorded) return;
      current.recorded = sequence;
      void pump();
    },
    /** A row of the acknowledgements came by. */
    learn({ logId, ...known }: LogAcknowledgement): void {
      const log = logs.find((other) => other.logId === logId);
      if (log !== undefined) compare(log, known, false);
      void pump();
    },
    /** All rows there are, fetched anew; a log that is not among them is not in the cloud at all. */
    compareAll(rows: readonly LogAcknowledgement[]): void {
      for (const log of logs) {
        const row = rows.find(({ logId }) => logId === log.logId);
        compare(log, row ?? { receivedThrough: 0, durableThrough: 0 }, true);
      }
      void pump();
    },
    /** The link is known to be back: no need to wait the back-off out. */
    hurry(): void {
      if (retryTimer !== undefined && performance.now() >= notBefore) wake();
    },
    stop(): void {
      abort.abort();
      clearTimeout(retryTimer);
      for (const { stoppedTimer } of logs) clearTimeout(stoppedTimer);
    },
  };
}
