/**
 * What a key means on a US keyboard, plain and shifted, by its place. A scanner in keyboard mode presses places, and
 * `event.code` names them whatever layout or input method the computer is set to.
 */
const places: Readonly<Record<string, string>> = {
  Minus: "-_",
  Equal: "=+",
  BracketLeft: "[{",
  BracketRight: "]}",
  Backslash: "\\|",
  IntlBackslash: "\\|",
  Semicolon: ";:",
  Quote: "'\"",
  Backquote: "`~",
  Comma: ",<",
  Period: ".>",
  Slash: "/?",
  Space: "  ",
  NumpadAdd: "++",
  NumpadSubtract: "--",
  NumpadMultiply: "**",
  NumpadDivide: "//",
  NumpadDecimal: "..",
};
const shiftedDigits = ")!@#$%^&*(";

/** Null: a key without a character, e.g. F4 or Escape. */
export function findUsCharacter(code: string, isShifted: boolean): string | null {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) return isShifted ? letter : letter.toLowerCase();
  const digit = /^Digit(\d)$/.exec(code)?.[1];
  if (digit !== undefined) return isShifted ? (shiftedDigits[Number(digit)] ?? null) : digit;
  const onPad = /^Numpad(\d)$/.exec(code)?.[1];
  if (onPad !== undefined) return onPad;
  return places[code]?.[isShifted ? 1 : 0] ?? null;
}

/** The control character Ctrl makes of a letter or a bracket, e.g. Ctrl+] the group separator. */
export function findControlCharacter(code: string, isShifted: boolean): string | null {
  const character = findUsCharacter(code, isShifted)?.toUpperCase();
  if (character === undefined || !/^[@-_]$/.test(character)) return null;
  return String.fromCharCode(character.charCodeAt(0) & 0x1f);
}

export const findPadDigit = (code: string): string | null => /^Numpad(\d)$/.exec(code)?.[1] ?? null;
