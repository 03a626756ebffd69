import { randomInt } from "node:crypto";

/** 32 signs without those that people take for one another. Ten of them are 50 bits. */
const signs = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const length = 10;

/** A code that a person types, like `ABCDE-FGHJK`. */
export function mintEnrolmentCode(): string {
  const code = Array.from({ length }, () => signs[randomInt(signs.length)]).join("");
  return `${code.slice(0, length / 2)}-${code.slice(length / 2)}`;
}

/** However it was typed: case, blanks and dashes do not count. */
export const normaliseCode = (typed: string): string => typed.toUpperCase().replaceAll(/[\s-]/g, "");
