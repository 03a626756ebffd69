import { mod10CheckDigit } from "../barcode/check-digits.ts";
import { groupSeparator, type NormalisedScan, normaliseScan } from "../barcode/normalise.ts";
import { type AiDefinition, findAi } from "./application-identifiers.ts";
import { isGs1Date, placeDecimalPoint } from "./values.ts";

export type Gs1Element = {
  readonly ai: string;
  /** As scanned: letters keep their case. */
  readonly value: string;
  /** null where the identifier has no check digit. */
  readonly checkDigitValid: boolean | null;
  /** Of a measure or amount, in the unit the identifier names: "1.250". */
  readonly decimal?: string;
  /** ISO 4217 number: "978". */
  readonly currency?: string;
};

export type Gs1Problem = {
  readonly kind: "input-too-long" | "unknown-ai" | "too-short" | "too-long" | "bad-character" | "bad-date";
  /** Position in the text without blanks and symbology identifier. */
  readonly at: number;
  readonly ai?: string;
};

export type Gs1Reading =
  | { readonly ok: true; readonly elements: readonly Gs1Element[] }
  | { readonly ok: false; readonly problem: Gs1Problem };

/**
 * Reads a GS1 element string, as scanned (FNC1 as 0x1d, with or without AIM prefix) or in the human form
 * "(00)340...(21)A7". A wrong check digit is told in its element, everything else amiss is a problem. Empty
 * text has no elements. Brackets in a value are ambiguous in the human form and taken for the next identifier.
 */
export function parseGs1(scanned: string): Gs1Reading {
  const scan = normaliseScan(scanned);
  return scan === null ? refuse("input-too-long", 0) : parseGs1Scan(scan);
}

export function parseGs1Scan(scan: NormalisedScan): Gs1Reading {
  const elements: Gs1Element[] = [];
  for (const slot of scan.bracketed ? splitBracketed(scan.elementString) : splitRaw(scan.elementString)) {
    const definition = findAi(slot.text, 0);
    if (definition === null || (slot.aiLength !== null && slot.aiLength !== definition.ai.length)) {
      return refuse("unknown-ai", slot.at);
    }
    const value = slot.text.slice(definition.ai.length);
    const problem = judge(definition, value);
    if (problem !== null) return refuse(problem, slot.at, definition.ai);
    elements.push(readElement(definition, value));
  }
  return { ok: true, elements };
}

/** Identifier and value in one, where they stand, and the identifier's length where brackets show it. */
type Slot = { readonly text: string; readonly at: number; readonly aiLength: number | null };

function splitRaw(text: string): Slot[] {
  const slots: Slot[] = [];
  let at = 0;
  while (at < text.length) {
    const separator = text.indexOf(groupSeparator, at);
    const groupEnd = separator === -1 ? text.length : separator;
    const definition = findAi(text, at);
    const fixedEnd = definition?.fixed ? at + definition.ai.length + definition.maxLength : groupEnd;
    const end = Math.min(fixedEnd, groupEnd);
    if (end > at) slots.push({ text: text.slice(at, end), at, aiLength: null });
    at = end === groupEnd ? end + 1 : end;
  }
  return slots;
}

function splitBracketed(text: string): Slot[] {
  const marks = [...text.matchAll(/\((\d{2,4})\)/g)];
  return marks.map((mark, index) => {
    const ai = mark[1] ?? "";
    const value = text.slice(mark.index + mark[0].length, marks[index + 1]?.index ?? text.length);
    return { text: ai + value.replaceAll(groupSeparator, ""), at: mark.index, aiLength: ai.length };
  });
}

function judge(definition: AiDefinition, value: string): Gs1Problem["kind"] | null {
  if (value.length < definition.minLength) return "too-short";
  if (value.length > definition.maxLength) return "too-long";
  if (!definition.pattern.test(value)) return "bad-character";
  return definition.date && !isGs1Date(value) ? "bad-date" : null;
}

function readElement(definition: AiDefinition, value: string): Gs1Element {
  const { ai, check, decimals, currency } = definition;
  const element = {
    ai,
    value,
    checkDigitValid: check === null ? null : hasCheckDigit(value.slice(...check)),
  };
  if (decimals === null) return element;
  const decimal = placeDecimalPoint(currency ? value.slice(3) : value, decimals);
  return currency ? { ...element, decimal, currency: value.slice(0, 3) } : { ...element, decimal };
}

function hasCheckDigit(digits: string): boolean {
  return digits.slice(-1) === mod10CheckDigit(digits.slice(0, -1));
}

function refuse(kind: Gs1Problem["kind"], at: number, ai?: string): Gs1Reading {
  return { ok: false, problem: ai === undefined ? { kind, at } : { kind, at, ai } };
}
