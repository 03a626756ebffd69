import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { failureCatalog } from "@waystation/shared/failures/catalog";
import { describeCause, type Failure } from "@waystation/shared/failures/result";
import {
  failureReplySchema,
  type UploadFactsReply,
  type UploadFactsRequest,
  uploadFactsReplySchema,
  wireVersion,
} from "@waystation/shared/wire/cloud-http";

const compress = promisify(gzip);

export type UplinkOptions = {
  readonly url: string;
  readonly token: string;
  readonly stationId: string;
  readonly logId: string;
  /** Facts above a sequence, ascending; read in another thread. */
  readonly readFacts: (above: number, limit: number) => Promise<readonly StoredFact[]>;
  readonly onAcknowledged: (reply: UploadFactsReply) => void;
  readonly onLink: (failure: Failure | null) => void;
};

export type Uplink = ReturnType<typeof startUplink>;

const factsPerBatch = 500;
const retryMs = { first: 250, longest: 15_000 };
const requestTimeoutMs = 20_000;

/**
 * Sends facts above the acknowledged sequence; the fact log is the outbox. One request is out at a time, the cloud
 * takes a batch whole or not at all, and a repeated batch changes nothing there: so a lost reply is simply sent again.
 */
export function startUplink(
  options: UplinkOptions,
  from: { readonly acknowledged: number; readonly recorded: number },
) {
  let acknowledged = from.acknowledged;
  let recorded = from.recorded;
  let retryAfterMs = retryMs.first;
  let timer: NodeJS.Timeout | undefined;
  let sending = false;
  let refused = false;
  const abort = new AbortController();

  async function pump(): Promise<void> {
    if (sending || refused || abort.signal.aborted) return;
    sending = true;
    clearTimeout(timer);
    timer = undefined;
    let failure: Failure | null = null;
    while (acknowledged < recorded && failure === null && !abort.signal.aborted) failure = await sendBatch();
    sending = false;
    if (failure !== null) settleFailure(failure);
  }

  async function sendBatch(): Promise<Failure | null> {
    const facts = await options.readFacts(acknowledged, factsPerBatch);
    const [first] = facts;
    if (first === undefined) return null;
    const reply = await post(
      options,
      { wireVersion, stationId: options.stationId, logId: options.logId, facts: [...facts] },
      abort.signal,
    );
    if ("failure" in reply) return resumeAfterGap(reply.failure);
    if (reply.receivedThrough <= acknowledged)
      return { code: "cloud.refused", details: { reason: "it acknowledged nothing" } };
    acknowledged = reply.receivedThrough;
    retryAfterMs = retryMs.first;
    options.onLink(null);
    options.onAcknowledged(reply);
    return null;
  }

  /** The cloud may have less than it said (restored from a backup): it names what it expects, and gets it. */
  function resumeAfterGap(failure: Failure): Failure | null {
    const expected = failure.code === "facts.gap" ? Number(failure.details.expectedSequence) : Number.NaN;
    if (!Number.isInteger(expected) || expected < 1 || expected > recorded || expected - 1 === acknowledged)
      return failure;
    acknowledged = expected - 1;
    return null;
  }

  function settleFailure(failure: Failure): void {
    options.onLink(failure);
    refused = !failureCatalog[failure.code].retryable;
    // A refusal stays on the screen; it is tried again rarely, in case the cloud was put right.
    const waitMs = refused ? retryMs.longest * 4 : retryAfterMs;
    retryAfterMs = Math.min(retryAfterMs * 2, retryMs.longest);
    timer = setTimeout(() => {
      refused = false;
      void pump();
    }, waitMs);
  }

  void pump();
  return {
    /** New facts are durable. */
    notify(sequence: number): void {
      recorded = sequence;
      if (timer === undefined) void pump();
    },
    /** The link is known to be back: no need to wait the back-off out. */
    hurry(): void {
      if (timer !== undefined && !refused) void pump();
    },
    acknowledged: () => acknowledged,
    stop(): void {
      abort.abort();
      clearTimeout(timer);
    },
  };
}

async function post(
  options: UplinkOptions,
  request: UploadFactsRequest,
  signal: AbortSignal,
): Promise<UploadFactsReply | { failure: Failure }> {
  try {
    const body = await compress(JSON.stringify(request));
    const response = await fetch(
      `${options.url}/v1/stations/${encodeURIComponent(options.stationId)}/facts`,
      {
        method: "POST",
        headers: {
          authorization: `Bearer ${options.token}`,
          "content-type": "application/json",
          "content-encoding": "gzip",
        },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(requestTimeoutMs)]),
      },
    );
    return readReply(response.ok, response.status, await response.json());
  } catch (error) {
    return { failure: { code: "cloud.unreachable", details: {}, cause: describeCause(error) } };
  }
}

function readReply(ok: boolean, status: number, body: unknown): UploadFactsReply | { failure: Failure } {
  const reply = uploadFactsReplySchema.safeParse(body);
  if (ok && reply.success) return reply.data;
  const refusal = failureReplySchema.safeParse(body);
  if (!refusal.success || !(refusal.data.failure.code in failureCatalog))
    return {
      failure: {
        code: status >= 500 ? "cloud.unreachable" : "cloud.refused",
        details: { reason: `HTTP ${status}` },
      },
    };
  const { code, details, cause } = refusal.data.failure;
  return { failure: { code: code as Failure["code"], details, ...(cause === undefined ? {} : { cause }) } };
}
