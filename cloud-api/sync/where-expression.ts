/**
 * A condition that has been understood. Nothing of the client's text survives in it but names of columns that
 * exist, digits of numbers, and texts that are bound as parameters.
 */
export type Expression =
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "number"; readonly digits: string }
  | { readonly kind: "and"; readonly items: readonly Expression[] }
  | { readonly kind: "equal"; readonly left: Expression; readonly right: Expression }
  /** Our own SQL around other expressions, in brackets. */
  | { readonly kind: "form"; readonly parts: readonly (string | Expression)[] };

/** SQL in pieces: plain text of ours, columns, and values to bind. */
export type SqlPiece = { readonly sql: string } | { readonly column: string } | { readonly value: string };

export function writeExpression(expression: Expression): SqlPiece[] {
  switch (expression.kind) {
    case "column":
      return [{ column: expression.name }];
    case "text":
      return [{ value: expression.value }];
    case "number":
      return [{ sql: expression.digits }];
    case "and":
      return writeForm(expression.items.flatMap((item, place) => (place === 0 ? [item] : [" AND ", item])));
    case "equal":
      return writeForm([expression.left, " = ", expression.right]);
    case "form":
      return writeForm(expression.parts);
  }
}

const writeForm = (parts: readonly (string | Expression)[]): SqlPiece[] => [
  { sql: "(" },
  ...parts.flatMap((part): SqlPiece[] =>
    typeof part === "string" ? [{ sql: part }] : writeExpression(part),
  ),
  { sql: ")" },
];

/** Column and the constant it must equal. */
export type Equality = { readonly column: string; readonly value: string };

/** The whole condition as `column = constant AND ...`, or null where it is more than that. */
export function readEqualities(expression: Expression): Equality[] | null {
  if (expression.kind === "and") {
    const found = expression.items.map(readEqualities);
    return found.every((item) => item !== null) ? found.flat() : null;
  }
  if (expression.kind === "form" && expression.parts.length === 1) {
    const inner = expression.parts[0];
    return typeof inner === "object" ? readEqualities(inner) : null;
  }
  if (expression.kind !== "equal") return null;
  return pairEquality(expression.left, expression.right) ?? pairEquality(expression.right, expression.left);
}

function pairEquality(column: Expression, constant: Expression): Equality[] | null {
  if (column.kind !== "column") return null;
  if (constant.kind === "text") return [{ column: column.name, value: constant.value }];
  return constant.kind === "number" ? [{ column: column.name, value: constant.digits }] : null;
}
