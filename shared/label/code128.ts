import { fail, type Result, succeed } from "../failures/result.ts";
import type { Gs1Element } from "./label-document.ts";

/** Stands for Code 128's FNC1 inside our own strings: GS, which is also how scanners report it. */
const functionOne = "\u001d";

/**
 * Field data for `^BC` in mode N: leading pairs of digits in subset C, the rest in subset B.
 * `^`, `>` and `~` have no meaning of their own there and are invoked by value (62, 30, 94); the table is in the
 * ZPL II Programming Guide under ^BC, "Code 128 Invocation Characters".
 */
export function encodeCode128(data: string): Result<string> {
  if (!/^[\x20-\x7e]{1,80}$/.test(data)) {
    return fail("label.invalid", { reason: "a Code 128 holds 1 to 80 printable ASCII characters" });
  }
  return succeed(invokeSubsets(data));
}

/** Field data for a GS1-128: FNC1 first, and after every element string whose length is not predefined. */
export function encodeGs1128(elements: readonly Gs1Element[]): Result<string> {
  const content = gs1Content(elements);
  return content.ok ? succeed(invokeSubsets(content.value)) : content;
}

/** Width in modules, without the quiet zones of 10 modules on both sides. */
export function countCode128Modules(data: string): number {
  const digits = leadingPairs(data);
  const symbols =
    digits.length === 0 ? data.length : digits.length / 2 + tailSymbols(data.slice(digits.length));
  return 11 * (1 + symbols + 1) + 13; // start, data, check, stop
}

const tailSymbols = (tail: string): number => (tail === "" ? 0 : 1 + tail.length); // 1: the shift to subset B

function invokeSubsets(content: string): string {
  const head = leadingPairs(content);
  if (head === "") return `>:${invokeSpecials(content)}`;
  const tail = content.slice(head.length);
  return `>;${invokeSpecials(head)}${tail === "" ? "" : `>6${invokeSpecials(tail)}`}`;
}

/**
 * Two pairs are the fewest for which subset C is not longer. The rest has no character or at least two: the renderer
 * with which labels are read back (zpl-renderer-js 3.4.0) loses a single one after a shift.
 */
function leadingPairs(content: string): string {
  const all = /^(?:\u001d|\d\d)*/.exec(content)?.[0] ?? "";
  const head = content.length - all.length === 1 ? all.slice(0, -2) : all;
  return head.replaceAll(functionOne, "").length >= 4 ? head : "";
}

const invocations: Readonly<Record<string, string>> = {
  "^": "><",
  ">": ">0",
  "~": ">=",
  [functionOne]: ">8",
};
const invokeSpecials = (text: string): string =>
  text.replace(/[\^>~\u001d]/g, (char) => invocations[char] ?? char);

/** GS1 General Specifications, "Element strings with predefined length": no FNC1 follows these. */
const predefinedLength = /^(?:0[0-4]|1[1-9]|20|3[1-6]|41)/;
const characterSet82 = /^[!"%-?A-Z_a-z]+$/;

function gs1Content(elements: readonly Gs1Element[]): Result<string> {
  let content = functionOne;
  for (const [index, { identifier, value }] of elements.entries()) {
    if (!/^\d{2,4}$/.test(identifier) || !characterSet82.test(value)) {
      return fail("label.invalid", { reason: `(${identifier}) is not a GS1 element string` });
    }
    const last = index === elements.length - 1;
    content += identifier + value + (last || predefinedLength.test(identifier) ? "" : functionOne);
  }
  // 48 characters counting separators, not the leading FNC1.
  if (content.length < 4 || content.length > 49) {
    return fail("label.invalid", { reason: "a GS1-128 holds 3 to 48 characters" });
  }
  return succeed(content);
}
