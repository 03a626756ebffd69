export type JsonPiece =
  | { readonly kind: "value"; readonly line: number; readonly text: string }
  | { readonly kind: "fatal"; readonly line: number; readonly reason: string };

/** Longest single order, a base64 label of 256 kB included. */
const maxValueCharacters = 1_000_000;

/**
 * Cuts a JSON array, or one object per line (NDJSON), into its objects without holding more than one of them.
 * It only follows strings and braces; JSON.parse judges the pieces.
 */
export async function* splitJson(text: AsyncIterable<string>): AsyncGenerator<JsonPiece> {
  const cut = { depth: 0, inString: false, escaped: false, line: 1, startLine: 1, held: "" };
  for await (const chunk of text) {
    let start = cut.depth > 0 ? 0 : -1;
    for (let index = 0; index < chunk.length; index += 1) {
      const sign = chunk[index];
      if (sign === "\n") cut.line += 1;
      if (cut.inString) {
        if (cut.escaped) cut.escaped = false;
        else if (sign === "\\") cut.escaped = true;
        else if (sign === '"') cut.inString = false;
        continue;
      }
      if (cut.depth === 0) {
        if (sign === "{") {
          cut.depth = 1;
          cut.startLine = cut.line;
          start = index;
        } else if (sign !== undefined && !"[], \t\n\ufeff".includes(sign)) {
          yield {
            kind: "fatal",
            line: cut.line,
            reason: "this is not an array of orders nor one order per line",
          };
          return;
        }
        continue;
      }
      if (sign === '"') cut.inString = true;
      else if (sign === "{" || sign === "[") cut.depth += 1;
      else if (sign === "}" || sign === "]") cut.depth -= 1;
      if (cut.depth === 0) {
        yield { kind: "value", line: cut.startLine, text: cut.held + chunk.slice(start, index + 1) };
        cut.held = "";
        start = -1;
      }
    }
    if (cut.depth > 0) cut.held += chunk.slice(Math.max(start, 0));
    if (cut.held.length > maxValueCharacters) {
      yield {
        kind: "fatal",
        line: cut.startLine,
        reason: "the order that begins here is too long or never ends",
      };
      return;
    }
  }
  if (cut.depth > 0)
    yield { kind: "fatal", line: cut.startLine, reason: "the order that begins here never ends" };
}
