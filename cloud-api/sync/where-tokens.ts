export type TokenKind = "word" | "quoted" | "number" | "text" | "parameter" | "symbol" | "end";

/** `at` is the place in the text, from 0. A word keeps its spelling; `value` of the others is what they mean. */
export type Token = { readonly kind: TokenKind; readonly value: string; readonly at: number };

export type WhereError = { readonly at: number; readonly message: string };

/** A condition is short; longer ones are not read at all. */
export const whereLimits = { characters: 10_000, tokens: 2000, depth: 60 };

// Longest first: `<=` is not `<` and `=`.
const symbols = ["::", "<>", "!=", "<=", ">=", "||", "@>", "<@", "&&", ..."()[],.=<>+-*/%^&|#"];

const blank = /\s+/y;
const word = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const quotedName = /"((?:[^"]|"")+)"/y;
const number = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const text = /'((?:[^']|'')*)'/y;
const parameter = /\$(\d{1,4})/y;

/** Cuts a condition into tokens, or says where it cannot be read. Only plain quotes: no escapes, no dollar quotes. */
export function readTokens(source: string): Token[] | WhereError {
  if (source.length > whereLimits.characters) return { at: 0, message: "the condition is too long" };
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(source);
  };
  while (at < source.length) {
    const space = match(blank);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    if (source.startsWith("--", at) || source.startsWith("/*", at))
      return { at, message: "comments are not supported" };
    const token = readToken(source, at, match);
    if (token === null) return { at, message: `syntax error at or near "${source[at] ?? ""}"` };
    tokens.push({ kind: token.kind, value: token.value, at });
    if (tokens.length > whereLimits.tokens) return { at, message: "the condition is too long" };
    at += token.length;
  }
  tokens.push({ kind: "end", value: "", at });
  return tokens;
}

type Read = { kind: TokenKind; value: string; length: number };

function readToken(
  source: string,
  at: number,
  match: (pattern: RegExp) => RegExpExecArray | null,
): Read | null {
  const found = match(word);
  if (found !== null) return { kind: "word", value: found[0], length: found[0].length };
  const name = match(quotedName);
  if (name !== null)
    return { kind: "quoted", value: (name[1] ?? "").replaceAll('""', '"'), length: name[0].length };
  const digits = match(number);
  if (digits !== null) return { kind: "number", value: digits[0], length: digits[0].length };
  const literal = match(text);
  if (literal !== null)
    return { kind: "text", value: (literal[1] ?? "").replaceAll("''", "'"), length: literal[0].length };
  const placeholder = match(parameter);
  if (placeholder !== null)
    return { kind: "parameter", value: placeholder[1] ?? "", length: placeholder[0].length };
  const symbol = symbols.find((candidate) => source.startsWith(candidate, at));
  return symbol === undefined ? null : { kind: "symbol", value: symbol, length: symbol.length };
}
