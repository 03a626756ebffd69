/** One row in COPY's text format; a null is NULL. */
export const formatCopyRow = (values: readonly (string | number | null)[]): string =>
  values.map(formatValue).join("\t");

const special = /[\\\t\n\r]/;

/** True for a text that stands in a row as it is. */
export const isPlainForCopy = (text: string): boolean => !special.test(text);

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function formatValue(value: string | number | null): string {
  if (value === null) return "\\N";
  const text = String(value);
  return special.test(text) ? text.replace(/[\\\t\n\r]/g, (character) => escapes[character] ?? "") : text;
}
