import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { supportedWireVersions, uploadFactsRequestSchema } from "@waystation/shared/wire/cloud-http";
import { type FactBatch, factBatchContentType, readFactBatch } from "@waystation/shared/wire/fact-batch";
import { describeIssues } from "../../config/cloud-config.ts";

/**
 * A batch as any station still in use sends it: lines of text since wire version 2, one JSON object before. Fails with
 * request.wire-version, which names the versions understood, or request.invalid.
 */
export function readUpload(contentType: string | undefined, body: string): Result<FactBatch> {
  const isLines = contentType?.split(";")[0]?.trim().toLowerCase() === factBatchContentType;
  const version = readVersion(isLines ? body.slice(0, Math.max(0, body.indexOf("\n"))) : body);
  if (version !== null && !supportedWireVersions.includes(version))
    return fail("request.wire-version", { supported: supportedWireVersions.join(", "), version });
  return isLines ? readFactBatch(body) : readFirstVersion(body);
}

/** Looked at first: the rest of a newer request may have any shape. */
function readVersion(text: string): number | null {
  const value = parseJson(text);
  const version =
    typeof value === "object" && value !== null && "wireVersion" in value ? value.wireVersion : null;
  return typeof version === "number" ? version : null;
}

function readFirstVersion(body: string): Result<FactBatch> {
  const parsed = uploadFactsRequestSchema.safeParse(parseJson(body));
  if (!parsed.success) return fail("request.invalid", { reason: describeIssues(parsed.error) });
  return succeed({ ...parsed.data, firstSequence: parsed.data.facts[0]?.sequence ?? 1 });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
