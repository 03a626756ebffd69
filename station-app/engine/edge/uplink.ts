import { failureCatalog } from "@waystation/shared/failures/catalog";
import { type Failure, fail, type Result } from "@waystation/shared/failures/result";
import {
  type UploadFactsReply,
  uploadFactsReplySchema,
  wireVersion,
} from "@waystation/shared/wire/cloud-http";
import type { PackedFacts, PackRequest } from "../replica/pack-facts.ts";
import { askCloud, type CloudAnswer, readAnswer } from "./ask-cloud.ts";
import { createBackoff } from "./backoff.ts";
import type { CloudAccess } from "./cloud-access.ts";
import { askVersions, chooseVersion, readSupported } from "./wire-versions.ts";

const usualSizeBytes = 2_000_000;

export type LogPosition = {
  readonly logId: string;
  readonly recorded: number;
  readonly acknowledged: number;
};

export type UplinkTimes = {
  readonly firstMs: number;
  readonly longestMs: number;
  /** After a refusal: somebody has to do something first. */
  readonly refusedMs: number;
  readonly requestMs: number;
};
const usualTimes: UplinkTimes = { firstMs: 250, longestMs: 15_000, refusedMs: 120_000, requestMs: 30_000 };

export type UplinkOptions = {
  readonly url: string;
  readonly stationId: string;
  readonly access: Pick<CloudAccess, "token" | "refuse">;
  /** The next facts of a log; read and packed in another thread. Null: there are none above. */
  readonly pack: (request: PackRequest) => Promise<PackedFacts | null>;
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

/** One log on its way up. `stopped`: only this one cannot go on; `ended`: it has nothing more to give. */
type Log = {
  readonly logId: string;
  recorded: number;
  acknowledged: number;
  stopped: Failure | null;
  ended: boolean;
};
/** What became of a batch: `go-on` reads again from where the log now stands. */
type Outcome = "go-on" | { readonly failure: Failure; readonly atLeastMs?: number };

const goOn = "go-on";
/** Refusals of the facts themselves: they concern one log, the link is well. */
const logFailures: ReadonlySet<string> = new Set([
  "facts.forked",
  "facts.corrupt",
  "facts.too-large",
  "facts.deleted",
  "request.invalid",
]);

/**
 * Sends facts above the acknowledged sequence; the fact log is the outbox. Logs go up in the order given, the last
 * one is the log in use. One request is out at a time while the next batch is read and packed. The cloud takes a
 * batch whole or not at all, and a repeated one changes nothing there: so a lost reply is simply sent again.
 */
export function startUplink(options: UplinkOptions, positions: readonly LogPosition[]) {
  const { times = usualTimes } = options;
  const logs: Log[] = positions.map((position) => ({ ...position, stopped: null, ended: false }));
  let limitBytes = usualSizeBytes;
  let version: number = wireVersion;
  const backoff = createBackoff(times);
  const abort = new AbortController();
  /** The link rests until then; a stopped log has a clock of its own, so that the others go on. */
  let retryTimer: NodeJS.Timeout | undefined;
  let stoppedTimer: NodeJS.Timeout | undefined;
  /** Until when nothing may hurry: the cloud named a time. */
  let notBefore = 0;
  let underWay: Log | null = null;
  let ahead: {
    readonly logId: string;
    readonly above: number;
    readonly batch: Promise<PackedFacts | null>;
  } | null = null;

  async function pump(): Promise<void> {
    if (underWay !== null || retryTimer !== undefined) return;
    let outcome: Outcome = goOn;
    while (outcome === goOn && !abort.signal.aborted) {
      underWay = nextLog();
      if (underWay === null) return;
      outcome = await sendNext(underWay);
    }
    underWay = null;
    if (outcome !== goOn && !abort.signal.aborted) rest(outcome);
  }

  const nextLog = (): Log | null =>
    logs.find((log) => log.stopped === null && !log.ended && log.acknowledged < log.recorded) ?? null;

  async function sendNext(log: Log): Promise<Outcome> {
    const batch = await takeBatch(log);
    if (batch === null) return endLog(log);
    log.recorded = Math.max(log.recorded, batch.last);
    if (batch.last < log.recorded) packAhead(log.logId, batch.last);
    const token = await options.access.token();
    if (!token.ok) return token;
    const answer = await post(options, batch, token.value, times.requestMs, abort.signal);
    if (!answer.ok) return answer;
    const reply = readAnswer(answer.value, uploadFactsReplySchema);
    const outcome = reply.ok
      ? takeReply(log, batch, reply.value)
      : await takeRefusal(log, batch, reply.failure, token.value);
    if (outcome === goOn || answer.value.retryAfterMs === null) return outcome;
    return { ...outcome, atLeastMs: answer.value.retryAfterMs };
  }

  /** What was packed while the last request was out, when it is still what is wanted. */
  function takeBatch({ logId, acknowledged }: Log): Promise<PackedFacts | null> {
    const prepared = ahead;
    ahead = null;
    return prepared?.logId === logId && prepared.above === acknowledged
      ? prepared.batch
      : pack(logId, acknowledged);
  }

  const pack = (logId: string, above: number): Promise<PackedFacts | null> =>
    options.pack({ stationId: options.stationId, logId, above, limitBytes, version });

  function packAhead(logId: string, above: number): void {
    ahead = { logId, above, batch: pack(logId, above) };
  }

  /** A former log has no more readable facts; the one in use was only quicker told of than read. */
  function endLog(log: Log): Outcome {
    if (log === logs.at(-1)) {
      log.recorded = log.acknowledged;
      return goOn;
    }
    return leaveLog(log);
  }

  function leaveLog(log: Log): Outcome {
    log.ended = true;
    options.onEnded?.(log.logId, log.acknowledged);
    return goOn;
  }

  function takeReply(log: Log, batch: PackedFacts, reply: UploadFactsReply): Outcome {
    if (reply.receivedThrough < batch.last)
      return fail("cloud.refused", { reason: "it acknowledged less than it took" });
    // A cloud that has more of this log than there is here must not make us skip what comes next.
    log.acknowledged = Math.min(reply.receivedThrough, log.recorded);
    backoff.reset();
    options.onAcknowledged(log.logId, { ...reply, receivedThrough: log.acknowledged });
    reportLink();
    return log.acknowledged === log.recorded && log !== logs.at(-1) ? leaveLog(log) : goOn;
  }

  async function takeRefusal(
    log: Log,
    batch: PackedFacts,
    failure: Failure,
    token: string,
  ): Promise<Outcome> {
    switch (failure.code) {
      case "facts.gap":
        return resumeAfterGap(log, batch, failure);
      case "access.unauthenticated":
        return takeNextToken(token);
      case "request.too-large":
        return shrink(log, batch);
      case "request.wire-version":
        return speakVersion(batch, chooseVersion(readSupported(failure)));
      case "request.invalid": {
        // A cloud from before this version cannot read the batch, and so not its version either.
        const known = await askVersions(options.url, abort.signal);
        if (known !== null && !known.includes(batch.version))
          return speakVersion(batch, chooseVersion(known));
        return stopLog(log, failure);
      }
      default:
        return logFailures.has(failure.code) ? stopLog(log, failure) : { failure };
    }
  }

  /** Half as much from now on; a single fact cannot be cut. */
  function shrink(log: Log, batch: PackedFacts): Outcome {
    if (batch.count === 1)
      return stopLog(log, fail("facts.too-large", { logId: log.logId, sequence: batch.first }).failure);
    limitBytes = Math.min(limitBytes, Math.ceil(batch.sizeBytes / 2));
    ahead = null;
    return goOn;
  }

  /** The cloud may have less than it said (restored from a backup): it names what it expects, and gets it. */
  function resumeAfterGap(log: Log, batch: PackedFacts, failure: Failure): Outcome {
    const expected = Number(failure.details.expectedSequence);
    if (!Number.isInteger(expected) || expected < 1 || expected >= batch.first)
      return fail("cloud.refused", { reason: `it expects fact ${expected}, which it was sent` });
    const wasAskedFor = batch.above === expected - 1;
    log.acknowledged = expected - 1;
    if (!wasAskedFor) return goOn;
    if (log !== logs.at(-1)) return leaveLog(log);
    return stopLog(log, fail("facts.deleted", { logId: log.logId, expectedSequence: expected }).failure);
  }

  /** At once with a new token; the access says why when there is none. */
  async function takeNextToken(refused: string): Promise<Outcome> {
    options.access.refuse(refused);
    const next = await options.access.token();
    return next.ok ? goOn : next;
  }

  function speakVersion(batch: PackedFacts, chosen: Result<number>): Outcome {
    if (!chosen.ok) return chosen;
    if (chosen.value === batch.version)
      return fail("cloud.refused", { reason: `it names wire version ${chosen.value} and refuses it` });
    version = chosen.value;
    ahead = null;
    return goOn;
  }

  /** Its facts stay, the other logs go on; tried again rarely, in case the cloud was put right. */
  function stopLog(log: Log, failure: Failure): Outcome {
    log.stopped = failure;
    reportLink();
    stoppedTimer ??= setTimeout(() => {
      stoppedTimer = undefined;
      for (const other of logs) other.stopped = null;
      void pump();
    }, times.refusedMs);
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
    version = wireVersion;
    ahead = null;
    void pump();
  }

  /**
   * A row that comes late must not send us back, one just fetched must: the cloud may be an older copy. If it was
   * late after all, the batch sent again is answered with how far the cloud really is.
   */
  function compare(log: Log, known: UploadFactsReply, isFresh: boolean): void {
    if (log === underWay) return;
    const isBehind = known.receivedThrough < log.acknowledged;
    if (isBehind && isFresh) log.ended = false;
    if (!isBehind || isFresh) log.acknowledged = Math.min(known.receivedThrough, log.recorded);
    const reply = { ...known, receivedThrough: log.acknowledged };
    if (isBehind && isFresh) options.onRestored(log.logId, reply);
    else options.onAcknowledged(log.logId, reply);
  }

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
      clearTimeout(stoppedTimer);
    },
  };
}

function post(
  { url, stationId }: UplinkOptions,
  { contentType, body }: PackedFacts,
  token: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Result<CloudAnswer>> {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": contentType,
    "content-encoding": "gzip",
  };
  const path = `/v1/stations/${encodeURIComponent(stationId)}/facts`;
  return askCloud({ url: `${url}${path}`, method: "POST", headers, body, timeoutMs, signal });
}
