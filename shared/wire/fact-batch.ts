import { z } from "zod";
import { isHash, type StoredFact } from "../facts/envelope.ts";
import { fail, type Result, succeed } from "../failures/result.ts";

/**
 * A batch of facts since wire version 2. First line: this header as JSON. Then one line per fact, ascending without a
 * gap from `firstSequence`: its hash (64 hex digits), a blank, its exact text. A fact's text is one line of JSON, so
 * nothing is escaped, and what is hashed is what is sent.
 */
export const factBatchHeaderSchema = z.object({
  wireVersion: z.int(),
  stationId: z.string().min(1).max(64),
  logId: z.string().min(1).max(64),
  firstSequence: z.int().min(1),
});
export type FactBatchHeader = z.infer<typeof factBatchHeaderSchema>;
export type FactBatch = FactBatchHeader & { readonly facts: readonly StoredFact[] };

export const factBatchContentType = "application/x-waystation-facts";
export const factBatchLimits = { facts: 1000, textCharacters: 65_536 } as const;

export const writeFactBatch = (header: FactBatchHeader, facts: readonly StoredFact[]): string =>
  [JSON.stringify(header), ...facts.map(({ hash, text }) => `${hash} ${text}`)].join("\n");

const hashLength = 64;

/** Fails with request.invalid, naming the line. What the texts say is checked by whoever takes them. */
export function readFactBatch(body: string): Result<FactBatch> {
  const lines = body.split("\n");
  const header = factBatchHeaderSchema.safeParse(parseJson(lines[0] ?? ""));
  if (!header.success) return invalid("line 1 is not a batch header");
  const found = lines.length - 1;
  if (found < 1 || found > factBatchLimits.facts)
    return invalid(`a batch has 1 to ${factBatchLimits.facts} facts, not ${found}`);
  const facts: StoredFact[] = [];
  for (let line = 1; line < lines.length; line += 1) {
    const entry = lines[line] ?? "";
    const hash = entry.slice(0, hashLength);
    const text = entry.slice(hashLength + 1);
    if (!isHash(hash) || entry[hashLength] !== " ") return invalid(`line ${line + 1} has no hash`);
    if (text.length > factBatchLimits.textCharacters) return invalid(`line ${line + 1} is too long`);
    facts.push({ sequence: header.data.firstSequence + line - 1, text, hash });
  }
  return succeed({ ...header.data, facts });
}

const invalid = (reason: string) => fail("request.invalid", { reason });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
