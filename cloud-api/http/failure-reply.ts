import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { failureCatalog } from "@waystation/shared/failures/catalog";
import type { Failure, Result } from "@waystation/shared/failures/result";

/** The one shape of every refusal: `failureReplySchema` in shared/wire/cloud-http. */
export function replyFailure(context: Context, failure: Failure): Response {
  const { httpStatus, retryable } = failureCatalog[failure.code];
  context.header("cache-control", "no-store");
  context.set("refusal", failure.code);
  if (retryable && (httpStatus === 503 || httpStatus === 429))
    context.header("retry-after", String(failure.details.seconds ?? 2));
  // The cause may quote the database: it is for the log, not for strangers.
  const { code, details } = failure;
  return context.json({ failure: { code, details } }, httpStatus as ContentfulStatusCode);
}

/** What came of a use case, never to be kept by anything between: it may hold a secret that is shown once. */
export function replyResult<T>(context: Context, result: Result<T>, status: 200 | 201 = 200): Response {
  if (!result.ok) return replyFailure(context, result.failure);
  context.header("cache-control", "no-store");
  return context.json(result.value, status);
}
