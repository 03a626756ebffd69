import { type Order, orderSchema } from "@waystation/shared/model/order";
import { findCountry } from "./country-names.ts";
import type { OrderRow } from "./order-columns.ts";

/** `label` as the source wrote it: a word or a path; the importer turns it into bytes. */
export type OrderDraft = { readonly order: Order; readonly label: LabelSource };
export type LabelSource =
  | { readonly kind: "house" }
  | { readonly kind: "missing" }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "zpl" | "png"; readonly base64: string };

export type Built =
  | { readonly ok: true; readonly draft: OrderDraft }
  | { readonly ok: false; readonly reason: string };

/** One order from its consecutive rows: the first row speaks for the order, every row for one item. */
export function buildOrder(rows: readonly OrderRow[]): Built {
  const first = rows[0] ?? {};
  const problems: string[] = [];
  const note = (field: string, value: string): undefined => {
    problems.push(`${field}: ${JSON.stringify(value.slice(0, 60))} is not understood`);
    return undefined;
  };
  const orderId = first.orderId ?? first.waybill;
  const candidate = withoutAbsent({
    orderId,
    waybill: first.waybill ?? orderId,
    reference: first.reference,
    trackingNumber: first.trackingNumber,
    channelCode: first.channelCode,
    status: readStatus(first.status, note),
    declaredWeightGrams: readWeight(first, note),
    declaredSize: readSize(first, note),
    consignee: withoutAbsent({
      name: first.name,
      company: first.company,
      street1: first.street1,
      street2: first.street2,
      city: first.city,
      state: first.state,
      postcode: first.postcode ?? "",
      country: readCountry(first.country, note),
      phone: first.phone,
    }),
    items: rows.map((row) => readItem(row, note)),
  });
  const parsed = orderSchema.safeParse(candidate);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const field = issue.path.join(".");
      // A value that was there and not understood is already named; "required" would hide that.
      if (!problems.some((problem) => problem.startsWith(`${field}:`)))
        problems.push(describeIssue(field, issue));
    }
  }
  if (!parsed.success || problems.length > 0)
    return { ok: false, reason: problems.slice(0, 8).join("; ").slice(0, 500) };
  return { ok: true, draft: { order: parsed.data, label: readLabel(first.label) } };
}

type Note = (field: string, value: string) => undefined;

function describeIssue(field: string, issue: { message: string }): string {
  return issue.message.includes("received undefined") ? `${field}: is missing` : `${field}: ${issue.message}`;
}

const withoutAbsent = (record: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));

function readStatus(text: string | undefined, note: Note): string | undefined {
  if (text === undefined) return "ready";
  const word = text.toLowerCase();
  return statusWords[word] ?? note("status", text);
}

const statusWords: Readonly<Record<string, string>> = {
  ready: "ready",
  held: "held",
  hold: "held",
  cancelled: "cancelled",
  canceled: "cancelled",
  正常: "ready",
  冻结: "held",
  扣件: "held",
  取消: "cancelled",
  已取消: "cancelled",
};

function readCountry(text: string | undefined, note: Note): string | undefined {
  return text === undefined ? undefined : (findCountry(text) ?? note("consignee.country", text));
}

function readWeight(row: OrderRow, note: Note): number | undefined {
  if (row.weightGrams !== undefined)
    return readScaled(row.weightGrams, 0) ?? note("declaredWeightGrams", row.weightGrams);
  if (row.weightKilograms === undefined) return undefined;
  return readScaled(row.weightKilograms, 3) ?? note("declaredWeightGrams", row.weightKilograms);
}

function readSize(row: OrderRow, note: Note): Record<string, number> | undefined {
  const texts = sizeTexts(row);
  if (texts === null) return undefined;
  const [length, width, height] = texts.parts.map((part) => readScaled(part, texts.decimals));
  if (texts.parts.length !== 3 || length == null || width == null || height == null)
    return note("declaredSize", texts.parts.join(" x "));
  return { lengthMillimetres: length, widthMillimetres: width, heightMillimetres: height };
}

function sizeTexts(row: OrderRow): { parts: string[]; decimals: number } | null {
  const split = (text: string): string[] => text.split(/\s*[x×*＊X]\s*/);
  if (row.sizeMillimetres !== undefined) return { parts: split(row.sizeMillimetres), decimals: 0 };
  if (row.sizeCentimetres !== undefined) return { parts: split(row.sizeCentimetres), decimals: 1 };
  const millimetres = [row.lengthMillimetres, row.widthMillimetres, row.heightMillimetres];
  if (millimetres.some((part) => part !== undefined))
    return { parts: millimetres.map((part) => part ?? ""), decimals: 0 };
  const centimetres = [row.lengthCentimetres, row.widthCentimetres, row.heightCentimetres];
  if (centimetres.some((part) => part !== undefined))
    return { parts: centimetres.map((part) => part ?? ""), decimals: 1 };
  return null;
}

function readItem(row: OrderRow, note: Note): Record<string, unknown> {
  const currency = row.currency?.toUpperCase() ?? "USD";
  return withoutAbsent({
    description: row.itemDescription,
    quantity:
      row.itemQuantity === undefined
        ? 1
        : (readScaled(row.itemQuantity, 0) ?? note("quantity", row.itemQuantity)),
    valueMinor: readValue(row, currency, note),
    currency,
    hsCode: row.hsCode?.replace(/[.\s]/g, ""),
    originCountry:
      row.originCountry === undefined
        ? undefined
        : (findCountry(row.originCountry) ?? note("originCountry", row.originCountry)),
  });
}

function readValue(row: OrderRow, currency: string, note: Note): number | undefined {
  if (row.itemValueMinor !== undefined)
    return readScaled(row.itemValueMinor, 0) ?? note("value", row.itemValueMinor);
  if (row.itemValue === undefined) return undefined;
  return readScaled(row.itemValue, currencyDecimals(currency)) ?? note("value", row.itemValue);
}

const decimalsByCurrency = new Map<string, number>();

/** ISO 4217 exponent: JPY 0, USD 2, BHD 3. */
function currencyDecimals(currency: string): number {
  const known = decimalsByCurrency.get(currency);
  if (known !== undefined) return known;
  const decimals = askCurrencyDecimals(currency);
  // Only real codes are kept: a file may hold any text.
  if (/^[A-Z]{3}$/.test(currency)) decimalsByCurrency.set(currency, decimals);
  return decimals;
}

function askCurrencyDecimals(currency: string): number {
  try {
    return (
      new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ??
      2
    );
  } catch {
    return 2;
  }
}

/**
 * "1.25" with three decimals is 1250: digit by digit, since 1.005 * 1000 is not 1005 in floating point.
 * More decimals than the unit has must be zeros; anything but plain digits is null.
 */
export function readScaled(text: string, decimals: number): number | null {
  const match = /^(\d{1,12})(?:\.(\d{1,12}))?$/.exec(text.trim());
  if (match === null) return null;
  const fraction = match[2] ?? "";
  if (!/^0*$/.test(fraction.slice(decimals))) return null;
  const value = Number(`${match[1]}${fraction.slice(0, decimals).padEnd(decimals, "0")}`);
  return Number.isSafeInteger(value) ? value : null;
}

export function readLabel(text: string | undefined): LabelSource {
  const word = text?.toLowerCase();
  if (word === undefined || word === "house") return { kind: "house" };
  return word === "missing" ? { kind: "missing" } : { kind: "file", path: text ?? "" };
}
