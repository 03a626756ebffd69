import type { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { describeIssues } from "../config/cloud-config.ts";
import { readJsonBody } from "./read-body.ts";

/**
 * Reads a small JSON body by its schema. Fails with request.too-large or request.invalid; the values themselves are
 * never quoted.
 */
export async function readInput<T>(
  request: Request,
  schema: z.ZodType<T>,
  maxBytes = 10_000,
): Promise<Result<T>> {
  const body = await readJsonBody(request, { compressedBytes: maxBytes, plainBytes: maxBytes });
  if (!body.ok) return body;
  const parsed = schema.safeParse(body.value);
  if (!parsed.success) return fail("request.invalid", { reason: describeIssues(parsed.error) });
  return unstorable.test(JSON.stringify(parsed.data))
    ? fail("request.invalid", { reason: "the text holds characters that cannot be stored" })
    : succeed(parsed.data);
}

/** JSON writes these two as escapes: U+0000 and half a surrogate pair. PostgreSQL holds neither. */
const unstorable = /\\u(?:0000|d[89a-f])/i;
