import { readFileSync } from "node:fs";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { z } from "zod";

/** Reads a JSON file a person wrote. Failure request.invalid naming the file and the path of the first wrong field. */
export function readInputFile<T extends z.ZodType>(path: string, schema: T): Result<z.output<T>> {
  const text = readText(path);
  if (!text.ok) return text;
  const value = parseJson(text.value);
  if (!value.ok) return fail("request.invalid", { reason: `${path}: ${value.failure.details.reason}` });
  const parsed = schema.safeParse(value.value);
  if (!parsed.success)
    return fail("request.invalid", { reason: `${path}: ${describeInputIssue(parsed.error)}` });
  return succeed(parsed.data);
}

/** `consignee.country: Invalid string ...`: the path first, then what is wrong. */
export function describeInputIssue({ issues }: z.ZodError): string {
  const [issue] = issues;
  if (issue === undefined) return "it is not valid";
  return `${issue.path.length === 0 ? "the whole" : issue.path.join(".")}: ${issue.message}`;
}

function readText(path: string): Result<string> {
  try {
    return succeed(readFileSync(path, "utf8").replace(/^\uFEFF/, ""));
  } catch (error) {
    return fail("request.invalid", { reason: `${path} cannot be read` }, error);
  }
}

function parseJson(text: string): Result<unknown> {
  try {
    return succeed(JSON.parse(text));
  } catch (error) {
    return fail("request.invalid", { reason: "it is not JSON" }, error);
  }
}
