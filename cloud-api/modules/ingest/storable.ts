/**
 * PostgreSQL text cannot hold U+0000 and its jsonb no half of a surrogate pair. A derived column shows U+FFFD
 * instead; the exact text of a fact is kept as it came, where both are only escape sequences.
 */
export const storable = (text: string): string => text.replaceAll("\u0000", "\ufffd").toWellFormed();

/** The same for every string of a value, keys included. */
export function storableValue(value: unknown): unknown {
  if (typeof value === "string") return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [storable(key), storableValue(item)]));
}

/** Both can only stand in a JSON text as escapes; most texts have neither, and nothing in them needs a closer look. */
export const isStorable = (json: string): boolean =>
  !(json.includes("\\u") && unstorableEscape.test(json)) && json.isWellFormed();

const unstorableEscape = /\\u(?:0000|d[89a-f])/i;
