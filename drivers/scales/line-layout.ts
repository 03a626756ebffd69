import { z } from "zod";
import { decodeLatin1 } from "../kit/text.ts";

/** What a part of a line may be. "weight-and-unit": both without a separator, as in "1.234kg". */
export const lineFields = ["state", "sign", "weight", "unit", "weight-and-unit", "net", "ignore"] as const;
export type LineField = (typeof lineFields)[number];

const fieldSchema = z.enum(lineFields);

/** How a line is cut into fields: data only, so that it can stand in a file. */
export const layoutSchema = z
  .discriminatedUnion("by", [
    z.strictObject({
      by: z.literal("separator"),
      separator: z.string().min(1).max(4),
      fields: z.array(fieldSchema).min(1).max(32),
    }),
    z.strictObject({
      by: z.literal("columns"),
      /** Without the terminator; a line of another length is refused. */
      lineLength: z.int().min(1).max(256),
      columns: z
        .array(
          z.strictObject({
            field: fieldSchema,
            start: z.int().min(0).max(255),
            length: z.int().min(1).max(256),
          }),
        )
        .min(1)
        .max(32),
    }),
  ])
  .superRefine((layout, context) => {
    const names = layout.by === "separator" ? layout.fields : layout.columns.map(({ field }) => field);
    for (const problem of findProblems(names)) context.addIssue({ code: "custom", message: problem });
    if (layout.by === "columns" && layout.columns.some((column) => endOf(column) > layout.lineLength)) {
      context.addIssue({ code: "custom", message: "a column ends behind the line" });
    }
  });
export type LineLayout = z.infer<typeof layoutSchema>;

const endOf = (column: { readonly start: number; readonly length: number }) => column.start + column.length;

function findProblems(names: readonly LineField[]): readonly string[] {
  const used = names.filter((name) => name !== "ignore");
  const problems: string[] = [];
  if (new Set(used).size !== used.length) problems.push("a field is named twice");
  const weights = used.filter((name) => name === "weight" || name === "weight-and-unit");
  if (weights.length !== 1) problems.push("exactly one field holds the weight");
  if (used.includes("weight-and-unit") && used.includes("unit")) problems.push("the unit is named twice");
  return problems;
}

export type CutLine = ReadonlyMap<LineField, string>;

/** Null: the line does not have this layout. */
export function cutLine(frame: Uint8Array, layout: LineLayout): CutLine | null {
  const line = decodeLatin1(frame);
  if (layout.by === "columns") {
    if (line.length !== layout.lineLength) return null;
    return new Map(
      layout.columns.map((column) => [column.field, line.slice(column.start, endOf(column)).trim()]),
    );
  }
  const texts = line.split(layout.separator);
  if (texts.length !== layout.fields.length) return null;
  return new Map(layout.fields.map((field, position) => [field, texts[position]?.trim() ?? ""]));
}
