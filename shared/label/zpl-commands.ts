/** One command as a printer would see it. `name` is the prefix and two letters, upper case (`^A` only one). */
export type ZplCommand = { readonly name: string; readonly parameters: string; readonly offset: number };

/** Control characters that stand for commands and prefixes (ZPL II Programming Guide, ^XA, ^XZ, ^FS, ^CC, ^CT). */
const shortcuts: Readonly<Record<string, string>> = { "\x02": "^XA", "\x03": "^XZ", "\x0f": "^FS" };
const prefixes: Readonly<Record<string, string>> = { "^": "^", "\x1e": "^", "~": "~", "\x10": "~" };

/**
 * Splits ZPL into its commands: everything between two prefixes belongs to the first. Knows no command but the
 * two that carry raw bytes (`^GFB`, `^GFC`), whose data may contain prefixes. Linear in the input's length.
 * `text` has one character per byte (Latin-1).
 */
export function readZplCommands(text: string): ZplCommand[] {
  const commands: ZplCommand[] = [];
  let offset = 0;
  while (offset < text.length) {
    const start = text.charAt(offset);
    const shortcut = shortcuts[start];
    const prefix = prefixes[start];
    if (shortcut !== undefined) commands.push({ name: shortcut, parameters: "", offset });
    const command = prefix === undefined ? undefined : readCommand(text, offset, prefix);
    if (command !== undefined) commands.push(command);
    offset = command?.end ?? offset + 1;
  }
  return commands;
}

/** A prefix before anything else means nothing to a printer. Line ends are skipped, as printers skip them. */
const nameAt = /[\r\n]*([A-Za-z])[\r\n]*([A-Za-z0-9@]?)/y;
const stops = /[\^~\x02\x03\x0f\x10\x1e]/g;

function readCommand(
  text: string,
  offset: number,
  prefix: string,
): (ZplCommand & { end: number }) | undefined {
  nameAt.lastIndex = offset + 1;
  const match = nameAt.exec(text);
  if (match === null) return undefined;
  const [all, first = "", second = ""] = match;
  const font = first.toUpperCase() === "A"; // ^A is followed by its font: ^A0N
  const name = prefix + (font ? first : first + second).toUpperCase();
  const dataStart = offset + 1 + all.length - (font ? second.length : 0);
  stops.lastIndex = skipRawBytes(text, name, dataStart);
  const end = stops.exec(text)?.index ?? text.length;
  return { name, parameters: text.slice(dataStart, end), offset, end };
}

/**
 * Where prefixes count again: after the announced bytes of a binary graphic, else at once. A count beyond what the
 * manual allows is not believed: printers clamp it, and commands could hide behind it.
 */
function skipRawBytes(text: string, name: string, dataStart: number): number {
  if (name !== "^GF") return dataStart;
  const head = /^[BCbc],(\d{1,5}),\d*,\d*,/.exec(text.slice(dataStart, dataStart + 60));
  return head === null ? dataStart : Math.min(text.length, dataStart + head[0].length + Number(head[1]));
}
