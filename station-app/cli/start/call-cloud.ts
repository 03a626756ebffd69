import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import { type FailureCode, failureCatalog } from "@waystation/shared/failures/catalog";
import { failureReplySchema } from "@waystation/shared/wire/cloud-http";
import type { z } from "zod";

const timeoutMs = 600_000;

export type CloudCall = {
  readonly path: string;
  /** JSON text, or a file that is sent as a stream; absent: the path is only read. */
  readonly body?: string | { readonly file: string };
};

export type CloudClient = <Reply>(call: CloudCall, schema: z.ZodType<Reply>) => Promise<Result<Reply>>;

/** Calls as the cloud's administrator. A refusal comes back as the cloud's own failure. */
export const createCloudClient =
  (url: string, adminToken: string): CloudClient =>
  async ({ path, body }, schema) => {
    try {
      // `duplex` is asked for with a streamed body and is not in the DOM's types.
      const request = {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : streamFile(body.file) }),
        duplex: "half",
        signal: AbortSignal.timeout(timeoutMs),
      };
      const response = await fetch(new URL(path, url), request);
      const reply: unknown = await response.json();
      if (!response.ok) return { ok: false, failure: readFailure(reply, response.status) };
      return succeed(schema.parse(reply));
    } catch (error) {
      return fail("cloud.unreachable", {}, error);
    }
  };

/** Node's own type of a web stream lacks what the DOM's has added since. */
const streamFile = (path: string) => Readable.toWeb(createReadStream(path)) as unknown as BodyInit;

const isFailureCode = (code: string): code is FailureCode => code in failureCatalog;

function readFailure(reply: unknown, status: number): Failure {
  const { data } = failureReplySchema.safeParse(reply);
  if (data === undefined || !isFailureCode(data.failure.code))
    return fail("cloud.refused", { reason: `HTTP ${status}` }).failure;
  const { code, details, cause } = data.failure;
  return { code, details, ...(cause === undefined ? {} : { cause }) };
}
