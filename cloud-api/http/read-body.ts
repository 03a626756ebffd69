import { promisify } from "node:util";
import { gunzip, gunzipSync } from "node:zlib";
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
  const body = await readBody(request, limits);
  if (!body.ok) return body;
  const { bytes, isPacked } = body.value;
  const plain = isPacked ? await unpack(bytes, limits.plainBytes) : succeed(bytes);
  return plain.ok ? decodeUtf8(plain.value) : plain;
}

/** A body as it came. */
export type ReadBody = { readonly bytes: Uint8Array; readonly isPacked: boolean };

/** Reads a body and leaves it packed; `unpackText` does the rest, in whatever thread has time for it. */
export async function readBody(request: Request, limits: BodyLimits): Promise<Result<ReadBody>> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase() ?? "identity";
  if (encoding !== "gzip" && encoding !== "identity")
    return fail("request.invalid", { reason: "content-encoding must be gzip or identity" });
  const isPacked = encoding === "gzip";
  const bytes = await readLimited(request, isPacked ? limits.compressedBytes : limits.plainBytes);
  return bytes.ok ? succeed({ bytes: bytes.value, isPacked }) : bytes;
}

/** The text of a body, unpacked here and now. Fails with request.too-large or request.invalid. */
export function unpackText({ bytes, isPacked }: ReadBody, limit: number): Result<string> {
  if (!isPacked) return decodeUtf8(bytes);
  try {
    return decodeUtf8(gunzipSync(bytes, { maxOutputLength: limit, chunkSize: guessSize(bytes) }));
  } catch (error) {
    return explainPacked(error, limit);
  }
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

async function unpack(bytes: Uint8Array, limit: number): Promise<Result<Uint8Array>> {
  try {
    return succeed(await promisify(gunzip)(bytes, { maxOutputLength: limit, chunkSize: guessSize(bytes) }));
  } catch (error) {
    return explainPacked(error, limit);
  }
}

function explainPacked(error: unknown, limit: number) {
  const tooLarge = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
  return tooLarge
    ? fail("request.too-large", { limit })
    : fail("request.invalid", { reason: "the body is not gzip" }, error);
}

/** Each piece of what is unpacked is a trip to another thread and back: a usual body is whole after one. */
const guessSize = ({ byteLength }: Uint8Array): number =>
  Math.min(1_000_000, Math.max(16_384, byteLength * 12));

function decodeUtf8(bytes: Uint8Array): Result<string> {
  try {
    return succeed(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return fail("request.invalid", { reason: "the body is not UTF-8" }, error);
  }
}
