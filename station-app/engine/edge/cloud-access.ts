import { failureCatalog } from "@waystation/shared/failures/catalog";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import {
  challengeReplySchema,
  type TokenReply,
  tokenReplySchema,
  tokenText,
} from "@waystation/shared/wire/cloud-http";
import { askCloud, readAnswer } from "./ask-cloud.ts";
import { createBackoff } from "./backoff.ts";
import { type KeyStore, prepareSigning } from "./station-key.ts";

/** A token and what the cloud's clock said; `clockOffsetMs` is this machine's clock less the cloud's. */
export type FreshToken = TokenReply & { readonly clockOffsetMs: number };

const requestTimeoutMs = 15_000;

/**
 * Shows the cloud that this station holds its key. Fails with station.not-enrolled, station.key-unusable,
 * config.invalid for a key of another station, station.refused, cloud.older, or what the cloud answers.
 */
export async function fetchToken(
  cloud: { readonly url: string; readonly stationId: string },
  keys: KeyStore,
  signal?: AbortSignal,
): Promise<Result<FreshToken>> {
  const loaded = await keys.load();
  if (!loaded.ok) return loaded;
  const enrolled = loaded.value?.enrolled ?? null;
  if (enrolled === null) return fail("station.not-enrolled", { path: keys.place });
  if (enrolled.stationId !== cloud.stationId) return otherStation(keys.place, enrolled.stationId, cloud);
  const base = `${trimSlash(cloud.url)}/v1/stations/${encodeURIComponent(cloud.stationId)}`;
  const options = { timeoutMs: requestTimeoutMs, ...(signal === undefined ? {} : { signal }) };

  const challenge = await askCloud({ ...options, url: `${base}/challenges`, method: "POST" });
  if (!challenge.ok) return challenge;
  const offered = readAnswer(challenge.value, challengeReplySchema);
  if (!offered.ok) return refused(cloud, offered.failure);
  const { nonce, serverTimeMs } = offered.value;
  const clockOffsetMs = Math.round(Date.now() - challenge.value.roundTripMs / 2 - serverTimeMs);

  const signature = prepareSigning(enrolled)(tokenText(cloud.stationId, nonce));
  const answer = await askCloud({
    ...options,
    url: `${base}/tokens`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nonce, signature }),
  });
  if (!answer.ok) return answer;
  const reply = readAnswer(answer.value, tokenReplySchema);
  return reply.ok ? succeed({ ...reply.value, clockOffsetMs }) : refused(cloud, reply.failure);
}

export const otherStation = (path: string, found: string, wanted: { readonly stationId: string }) =>
  fail("config.invalid", {
    reason: `stationId is ${wanted.stationId}, but ${path} is the key of station ${found}`,
  });

export const trimSlash = (url: string): string => url.replace(/\/+$/, "");

/** Unknown and revoked stations are answered alike; a cloud that knows no challenges is of an older version. */
function refused({ stationId }: { readonly stationId: string }, failure: Failure): Result<never> {
  if (failure.code === "access.unauthenticated" || failure.code === "access.forbidden")
    return fail("station.refused", { stationId });
  if (failure.code === "resource.unknown") return fail("cloud.older");
  return { ok: false, failure };
}

export type CloudAccess = ReturnType<typeof createCloudAccess>;

export type AccessOptions = {
  readonly url: string;
  readonly stationId: string;
  readonly keys: KeyStore;
  readonly onToken: (token: FreshToken) => void;
  readonly onFailure: (failure: Failure) => void;
  /** Milliseconds; a refusal is tried again rarely, in case the cloud was put right. */
  readonly retry?: { readonly firstMs: number; readonly longestMs: number; readonly refusedMs: number };
};

const usualRetry = { firstMs: 500, longestMs: 30_000, refusedMs: 60_000 };
/** A token refused sooner than this after it was given is no reason to hurry for the next. */
const suspiciousMs = 2000;

/**
 * Always has a token that holds, as far as the cloud gives one: renewed at two thirds of its life by the monotonic
 * clock, kept in memory only, one request for it at a time.
 */
export function createCloudAccess(options: AccessOptions) {
  const { retry = usualRetry } = options;
  const backoff = createBackoff(retry);
  const abort = new AbortController();
  let current: { readonly token: string; readonly endsAt: number; readonly since: number } | null = null;
  let lastFailure: Failure = fail("cloud.unreachable").failure;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;

  const holds = (): boolean => current !== null && performance.now() < current.endsAt;

  function renew(): Promise<void> {
    clearTimeout(timer);
    running ??= obtain().finally(() => {
      running = null;
    });
    return running;
  }

  async function obtain(): Promise<void> {
    const askedAt = performance.now();
    const fresh = await fetchToken(options, options.keys, abort.signal);
    if (abort.signal.aborted) return;
    if (!fresh.ok) return retryLater(fresh.failure);
    const lifeMs = fresh.value.expiresInSeconds * 1000;
    current = { token: fresh.value.token, endsAt: askedAt + lifeMs, since: performance.now() };
    schedule((lifeMs * 2) / 3);
    options.onToken(fresh.value);
  }

  function retryLater(failure: Failure): void {
    lastFailure = failure;
    schedule(failureCatalog[failure.code].retryable ? backoff.next() : retry.refusedMs);
    // A renewal that fails while the token still holds disturbs nobody.
    if (!holds()) options.onFailure(failure);
  }

  function schedule(waitMs: number): void {
    clearTimeout(timer);
    // Longer waits than a timer can hold would fire at once.
    timer = setTimeout(() => void renew(), Math.min(waitMs, 2 ** 31 - 1));
  }

  function refuse(token: string): void {
    if (current?.token !== token || abort.signal.aborted) return;
    const isSuspicious = performance.now() - current.since < suspiciousMs;
    current = null;
    lastFailure = fail("station.refused", { stationId: options.stationId }).failure;
    if (isSuspicious) return schedule(backoff.next());
    backoff.reset();
    void renew();
  }

  void renew();
  return {
    /** The token, or why there is none now. Waits for a request under way, never for a retry. */
    async token(): Promise<Result<string>> {
      if (!holds() && running !== null) await running;
      return current !== null && holds() ? succeed(current.token) : { ok: false, failure: lastFailure };
    },
    /** The cloud did not take this token: a new one is fetched at once. */
    refuse,
    /** Somebody who does not say which was not let in: a token that came this moment is not meant. */
    refuseOlder(): boolean {
      if (current === null || performance.now() - current.since < suspiciousMs) return false;
      refuse(current.token);
      return true;
    },
    /** The cloud is known to be back. */
    hurry(): void {
      if (!holds() && running === null && !abort.signal.aborted && failureCatalog[lastFailure.code].retryable)
        void renew();
    },
    stop(): void {
      abort.abort();
      clearTimeout(timer);
    },
  };
}
