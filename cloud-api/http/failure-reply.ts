import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { failureCatalog } from "@waystation/shared/failures/catalog";
import type { Failure } from "@waystation/shared/failures/result";

/** The one shape of every refusal: `failureReplySchema` in shared/wire/cloud-http. */
export function replyFailure(context: Context, failure: Failure): Response {
  const { httpStatus, retryable } = failureCatalog[failure.code];
  context.header("cache-control", "no-store");
  if (retryable && httpStatus === 503) context.header("retry-after", "2");
  // The cause may quote the database: it is for the log, not for strangers.
  const { code, details } = failure;
  return context.json({ failure: { code, details } }, httpStatus as ContentfulStatusCode);
}
