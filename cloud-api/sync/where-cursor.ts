import type { Token } from "./where-tokens.ts";
import { whereLimits } from "./where-tokens.ts";

/** Thrown from within the parser to its one catch; nobody else sees it. */
export const refuse = (at: number, message: string): Error => Object.assign(new Error(message), { at });

/** A place in the tokens that moves on. */
export type Cursor = {
  readonly peek: (ahead?: number) => Token;
  readonly take: () => Token;
  readonly isWord: (text: string, ahead?: number) => boolean;
  readonly isSymbol: (text: string) => boolean;
  /** True, and past it, when this is next. */
  readonly takeWord: (text: string) => boolean;
  readonly takeSymbol: (text: string) => boolean;
  readonly expectWord: (text: string) => void;
  readonly expectSymbol: (text: string) => void;
  /** One level deeper; refuses what is nested too deeply for a stack. */
  readonly nested: <T>(read: () => T) => T;
};

export function createCursor(tokens: readonly Token[]): Cursor {
  const last: Token = tokens.at(-1) ?? { kind: "end", value: "", at: 0 };
  let next = 0;
  let depth = 0;
  const peek = (ahead = 0): Token => tokens[next + ahead] ?? last;
  const take = (): Token => {
    const token = peek();
    next += 1;
    return token;
  };
  const isWord = (text: string, ahead = 0): boolean =>
    peek(ahead).kind === "word" && peek(ahead).value.toLowerCase() === text;
  const isSymbol = (text: string): boolean => peek().kind === "symbol" && peek().value === text;
  const takeWhen = (found: boolean): boolean => {
    if (found) next += 1;
    return found;
  };
  const takeWord = (text: string): boolean => takeWhen(isWord(text));
  const takeSymbol = (text: string): boolean => takeWhen(isSymbol(text));
  return {
    peek,
    take,
    isWord,
    isSymbol,
    takeWord,
    takeSymbol,
    expectWord: (text) => {
      if (!takeWord(text)) throw unexpected(peek());
    },
    expectSymbol: (text) => {
      if (!takeSymbol(text)) throw unexpected(peek());
    },
    nested: (read) => {
      depth += 1;
      if (depth > whereLimits.depth) throw refuse(peek().at, "the condition is nested too deeply");
      const value = read();
      depth -= 1;
      return value;
    },
  };
}

export const unexpected = (token: Token): Error =>
  refuse(
    token.at,
    token.kind === "end"
      ? "syntax error at end of input"
      : `syntax error at or near "${token.value.slice(0, 60)}"`,
  );
