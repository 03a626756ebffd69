import { z } from "zod";
import { orderSchema } from "@waystation/shared/model/order";
import { type Built, buildOrder, type LabelSource, readLabel } from "./build-order.ts";
import { matchColumns, type OrderRow, readRow } from "./order-columns.ts";
import type { OrderEntry } from "./read-csv.ts";
import { splitJson } from "./split-json.ts";

/**
 * Orders of a JSON array or of one JSON object per line. An object is either the model's order with an
 * optional `label`, or flat with the same names as the columns of a CSV file.
 */
export async function* readJsonOrders(text: AsyncIterable<string>): AsyncGenerator<OrderEntry> {
  for await (const piece of splitJson(text)) {
    if (piece.kind === "fatal") yield piece;
    else yield { kind: "order", line: piece.line, built: buildFromJson(piece.text) };
  }
}

function buildFromJson(text: string): Built {
  const value = parseKeepingDigits(text);
  if (value === null) return { ok: false, reason: "this is not valid JSON" };
  return "consignee" in value || "items" in value ? buildNested(value) : buildFlat(value);
}

function buildNested({ label, ...order }: Record<string, unknown>): Built {
  const parsed = orderSchema.strict().safeParse({ status: "ready", ...withTextIds(order) });
  if (!parsed.success) return { ok: false, reason: describeProblems(parsed.error) };
  const source = labelSchema.safeParse(label);
  if (!source.success)
    return { ok: false, reason: "label: must be house, missing, a file name or {kind, base64}" };
  return { ok: true, draft: { order: parsed.data, label: toLabelSource(source.data) } };
}

const labelSchema = z.union([
  z.string().max(500),
  z.object({ kind: z.enum(["zpl", "png"]), base64: z.base64().max(400_000) }),
  z.object({ kind: z.enum(["house", "missing"]) }),
  z.undefined(),
]);

const toLabelSource = (label: z.infer<typeof labelSchema>): LabelSource =>
  typeof label === "object" ? label : readLabel(label);

function buildFlat(value: Record<string, unknown>): Built {
  const entries = Object.entries(value);
  const bad = entries.find(([, cell]) => typeof cell === "object" && cell !== null);
  if (bad !== undefined)
    return { ok: false, reason: `${bad[0].slice(0, 60)}: a text or a number was expected` };
  const columns = matchColumns(entries.map(([name]) => name));
  const row: OrderRow = readRow(
    columns,
    entries.map(([, cell]) => (cell === null ? "" : String(cell))),
  );
  return buildOrder([row]);
}

/** Ids written as numbers stay what was written: 820982911946154508 has more digits than a double. */
function parseKeepingDigits(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text, keepDigits);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

function keepDigits(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
}

function withTextIds(order: Record<string, unknown>): Record<string, unknown> {
  const text = (value: unknown): unknown => (typeof value === "number" ? String(value) : value);
  const ids = ["orderId", "waybill", "reference", "trackingNumber"].filter((name) => name in order);
  return { ...order, ...Object.fromEntries(ids.map((name) => [name, text(order[name])])) };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const describeProblems = (error: z.ZodError): string =>
  error.issues
    .slice(0, 8)
    .map((issue) => `${issue.path.join(".") || "order"}: ${issue.message}`)
    .join("; ")
    .slice(0, 500);
