import { type FailureCode, failureCatalog } from "@waystation/shared/failures/catalog";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudClock } from "./cloud-clock.ts";

export type CloudClient = {
  /** GET. Fails with cloud.unreachable, or with what the cloud refused. */
  readonly read: <T>(path: string, signal?: AbortSignal) => Promise<Result<T>>;
  /** POST; fails likewise. */
  readonly send: <T>(path: string, body?: unknown) => Promise<Result<T>>;
  /** The stream of changes, open for as long as the signal lets it. */
  readonly openStream: (path: string, signal: AbortSignal) => Promise<Result<Response>>;
};

type Options = {
  /** Null: a person, known by the cookie of the session. */
  readonly token: string | null;
  readonly clock: CloudClock;
  /** Token or session are not known any more. */
  readonly onSignedOut?: () => void;
};

const longestMs = 20_000;

export function createCloudClient({ token, clock, onSignedOut }: Options): CloudClient {
  const authorization: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };

  const call = async (path: string, init: RequestInit): Promise<Result<Response>> => {
    const headers = { ...authorization, ...(init.body ? { "content-type": "application/json" } : {}) };
    try {
      const response = await fetch(path, { ...init, headers, cache: "no-store" });
      // What something in front of the cloud says in its place is no word from it.
      if (response.status < 502) clock.noteContact(response.headers.get("date"));
      if (response.ok) return succeed(response);
      const failure = await readFailure(response);
      if (failure.code === "access.unauthenticated") onSignedOut?.();
      return { ok: false, failure };
    } catch (error) {
      return fail("cloud.unreachable", {}, error);
    }
  };
  const callForJson = async <T>(path: string, init: RequestInit): Promise<Result<T>> => {
    const reply = await call(path, init);
    if (!reply.ok) return reply;
    try {
      return succeed((await reply.value.json()) as T);
    } catch (error) {
      return fail("cloud.unreachable", {}, error);
    }
  };
  return {
    read: (path, signal) => callForJson(path, { signal: limit(signal) }),
    send: (path, body = {}) =>
      callForJson(path, { method: "POST", body: JSON.stringify(body), signal: limit() }),
    openStream: (path, signal) => call(path, { signal }),
  };
}

const limit = (signal?: AbortSignal): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(longestMs), ...(signal === undefined ? [] : [signal])]);

async function readFailure(response: Response): Promise<Failure> {
  const body: unknown = await response.json().catch(() => null);
  const { code, details } = (body as { failure?: Partial<Failure> } | null)?.failure ?? {};
  if (isKnown(code)) return { code, details: details ?? {} };
  return response.status >= 502
    ? fail("cloud.unreachable").failure
    : fail("cloud.refused", { reason: String(code ?? `HTTP ${response.status}`) }).failure;
}

const isKnown = (code: unknown): code is FailureCode =>
  typeof code === "string" && Object.hasOwn(failureCatalog, code);
