import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";

export type BodyLimits = { readonly compressedBytes: number; readonly plainBytes: number };

/** Reads a JSON body within the limits of readTextBody. Fails with request.too-large or request.invalid. */
export async function readJsonBody(request: Request, limits: BodyLimits): Promise<Result<unknown>> {
  const text = await readTextBody(request, limits);
  if (!text.ok) return text;
  try {
    return succeed(JSON.parse(text.value));
  } catch (error) {
    return fail("request.invalid", { reason: "the body is not JSON" }, error);
  }
}

/**
 * Reads a body of UTF-8 text, gzip or plain, and never holds more than the limits: a small archive that unpacks to
 * gigabytes is cut off while it unpacks. Fails with request.too-large or request.invalid.
 */
export async function readTextBody(request: Request, limits: BodyLimits): Promise<Result<string>> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "gzip" && encoding !== "identity")
    return fail("request.invalid", { reason: "content-encoding must be gzip or identity" });
  const bytes = await readLimited(request, encoding === "gzip" ? limits.compressedBytes : limits.plainBytes);
  if (!bytes.ok) return bytes;
  const plain = encoding === "gzip" ? await unpack(bytes.value, limits.plainBytes) : bytes;
  return plain.ok ? decodeUtf8(plain.value) : plain;
}

async function readLimited(request: Request, limit: number): Promise<Result<Buffer>> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) return fail("request.too-large", { limit });
  if (request.body === null) return succeed(Buffer.alloc(0));
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body) {
      length += chunk.byteLength;
      if (length > limit) return fail("request.too-large", { limit });
      chunks.push(chunk);
    }
  } catch (error) {
    return fail("request.invalid", { reason: "the body ended early" }, error);
  }
  return succeed(Buffer.concat(chunks, length));
}

async function unpack(bytes: Buffer, limit: number): Promise<Result<Buffer>> {
  try {
    return succeed(await promisify(gunzip)(bytes, { maxOutputLength: limit, chunkSize: guessSize(bytes) }));
  } catch (error) {
    const tooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    return tooLarge
      ? fail("request.too-large", { limit })
      : fail("request.invalid", { reason: "the body is not gzip" }, error);
  }
}

/** Each piece of what is unpacked is a trip to another thread and back: a usual body is whole after one. */
const guessSize = ({ byteLength }: Buffer): number => Math.min(1_000_000, Math.max(16_384, byteLength * 12));

function decodeUtf8(bytes: Buffer): Result<string> {
  try {
    return succeed(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return fail("request.invalid", { reason: "the body is not UTF-8" }, error);
  }
}
