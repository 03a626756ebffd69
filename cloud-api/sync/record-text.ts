/** Values of one row in the order of its columns; null is SQL's NULL. */
export type RowValues = readonly (string | null)[];

/**
 * Reads PostgreSQL's text of a whole row, as `row::text` writes it: `(1,,"a ""b"" \\")`. An empty field is
 * NULL, an empty string is written `""`.
 */
export function parseRecordText(text: string): RowValues {
  const values: (string | null)[] = [];
  const end = text.length - 1;
  let at = 1;
  // A row without columns is `()`; with one NULL it looks the same, and no table of ours has no column.
  for (;;) {
    if (at >= end || text[at] === ",") values.push(null);
    else if (text[at] === '"') {
      const close = findClosingQuote(text, at);
      values.push(unescapeField(text.slice(at + 1, close)));
      at = close + 1;
    } else {
      const next = text.indexOf(",", at);
      const stop = next < 0 ? end : next;
      values.push(text.slice(at, stop));
      at = stop;
    }
    if (at >= end) return values;
    at += 1;
  }
}

function findClosingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\\") at += 1;
    else if (character === '"') {
      if (text[at + 1] !== '"') return at;
      at += 1;
    }
  }
  return text.length;
}

const unescapeField = (field: string): string =>
  field.includes('"') || field.includes("\\")
    ? field.replace(/\\(.)|""/gs, (_, kept?: string) => kept ?? '"')
    : field;
