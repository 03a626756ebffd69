import { type FailureCode, failureCatalog } from "@waystation/shared/failures/catalog";
import { describeCause, type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { failureReplySchema } from "@waystation/shared/wire/cloud-http";
import type { z } from "zod";

export type CloudRequest = {
  readonly url: string;
  readonly method: "GET" | "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
};

/** What came back. `roundTripMs` is by the monotonic clock; `retryAfterMs` is null when the cloud named no time. */
export type CloudAnswer = {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number | null;
  readonly roundTripMs: number;
};

const replyLimitBytes = 65_536;
const longestRetryAfterMs = 300_000;
const textLimit = 300;

/** One request. Fails with cloud.unreachable when there is no whole answer in time; a refusal is an answer. */
export async function askCloud(request: CloudRequest): Promise<Result<CloudAnswer>> {
  const { url, method, headers, body, timeoutMs, signal } = request;
  const timeout = AbortSignal.timeout(timeoutMs);
  const startedAt = performance.now();
  try {
    const response = await fetch(url, {
      method,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      // A token goes to the configured cloud and nowhere else.
      redirect: "error",
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    const text = await readLimited(response);
    return succeed({
      status: response.status,
      body: parseJson(text),
      retryAfterMs: readRetryAfter(response.headers.get("retry-after")),
      roundTripMs: performance.now() - startedAt,
    });
  } catch (error) {
    return fail("cloud.unreachable", {}, describeNetworkError(error));
  }
}

/** A good reply, or why there is none: the cloud's own failure, or what its status stands for. */
export function readAnswer<T>(answer: CloudAnswer, schema: z.ZodType<T>): Result<T> {
  const { status, body } = answer;
  const isGood = status >= 200 && status < 300;
  const reply = schema.safeParse(body);
  if (isGood && reply.success) return succeed(reply.data);
  // Half a reply: the cloud, or something between, broke off.
  if (isGood) return fail("cloud.unreachable", {}, "the reply cannot be read");
  return { ok: false, failure: readRefusal(status, body) };
}

function readRefusal(status: number, body: unknown): Failure {
  const refusal = failureReplySchema.safeParse(body);
  if (refusal.success && isFailureCode(refusal.data.failure.code)) {
    const { code, details, cause } = refusal.data.failure;
    return {
      code,
      details: shorten(details),
      ...(cause === undefined ? {} : { cause: cause.slice(0, textLimit) }),
    };
  }
  return describeStatus(status);
}

/** From whatever stands before the cloud: a proxy's page has no failure in it. */
function describeStatus(status: number): Failure {
  const reason = `HTTP ${status}`;
  if (status === 401) return fail("access.unauthenticated").failure;
  if (status === 413) return fail("request.too-large", { limit: "?" }).failure;
  if (status === 429) return fail("cloud.busy", { limit: "?" }).failure;
  if (status >= 500) return fail("cloud.unreachable", {}, reason).failure;
  return fail("cloud.refused", { reason }).failure;
}

const isFailureCode = (code: string): code is FailureCode => Object.hasOwn(failureCatalog, code);

const shorten = (details: Failure["details"]): Failure["details"] =>
  Object.fromEntries(
    Object.entries(details)
      .slice(0, 20)
      .map(([key, value]) => [key, typeof value === "string" ? value.slice(0, textLimit) : value]),
  );

async function readLimited(response: Response): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > replyLimitBytes) throw new Error("the reply is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds only: a date would be held against a clock that may be years off. */
function readRetryAfter(header: string | null): number | null {
  if (header === null || !/^\d{1,6}$/.test(header.trim())) return null;
  return Math.min(Number(header) * 1000, longestRetryAfterMs);
}

/** fetch says only "fetch failed"; what happened is one level down. */
function describeNetworkError(error: unknown): string {
  const inner = error instanceof Error && error.cause !== undefined ? `: ${describeCause(error.cause)}` : "";
  return `${describeCause(error)}${inner}`;
}
