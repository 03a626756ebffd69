import { mod10CheckDigit, s10CheckDigit } from "@waystation/shared/model/barcode/check-digits";
import { type Destination, destinations, goods } from "./consignees.ts";
import type { OrderRow } from "./order-columns.ts";

export type GenerateOptions = { readonly seed: number; readonly count: number };

/**
 * Made-up orders, the same for the same seed on every machine, one row each. Weights have a median of 700 g
 * and three quarters at most 2 kg; in two thirds the volume counts for more than the weight. A few are held,
 * cancelled or without a label.
 */
export function* generateOrders({ seed, count }: GenerateOptions): Generator<OrderRow> {
  const random = createRandom(seed);
  const firstWaybill = 1_000_000_000 + (hashSeed(seed) % 8_000_000_000);
  for (let index = 0; index < count; index += 1) yield generateRow(random, firstWaybill + index);
}

const csvColumns = [
  ["orderId", "order id"],
  ["waybill", "waybill"],
  ["trackingNumber", "tracking number"],
  ["reference", "reference"],
  ["channelCode", "channel"],
  ["status", "status"],
  ["weightGrams", "weight g"],
  ["sizeMillimetres", "size mm"],
  ["name", "recipient name"],
  ["street1", "address 1"],
  ["city", "city"],
  ["state", "state"],
  ["postcode", "postcode"],
  ["country", "country"],
  ["phone", "phone"],
  ["itemDescription", "item description"],
  ["itemQuantity", "quantity"],
  ["itemValue", "unit value"],
  ["currency", "currency"],
  ["hsCode", "hs code"],
  ["originCountry", "origin country"],
  ["label", "label"],
] as const satisfies readonly (readonly [keyof OrderRow, string])[];

/** The rows as lines of a CSV file, header first; joined they are the file. */
export function* formatOrdersCsv(rows: Iterable<OrderRow>): Generator<string> {
  yield `${csvColumns.map(([, header]) => header).join(",")}\n`;
  for (const row of rows) yield `${csvColumns.map(([field]) => quoteCell(row[field] ?? "")).join(",")}\n`;
}

const quoteCell = (text: string): string =>
  /[",;\n\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

type Random = {
  readonly next: () => number;
  readonly below: (limit: number) => number;
  readonly normal: () => number;
};

function generateRow(random: Random, serial: number): OrderRow {
  const destination = pickDestination(random);
  const weightGrams = drawWeight(random);
  const place = pick(random, destination.places);
  const [description, hsCode, from, to] = pick(random, goods);
  const waybill = `WS${String(serial).padStart(10, "0")}`;
  const value = (from + random.next() * (to - from)).toFixed(2);
  return {
    orderId: `SO-${serial}`,
    waybill,
    trackingNumber: trackingNumbers[destination.channelCode]?.(serial) ?? waybill,
    // Shop order ids have more digits than a double holds.
    reference: `82098${String(serial)}${String(random.below(10_000)).padStart(4, "0")}`,
    channelCode: destination.channelCode,
    status: drawStatus(random),
    weightGrams: String(weightGrams),
    sizeMillimetres: drawSize(random, weightGrams),
    name: pick(random, destination.names),
    street1: fillDigits(random, pick(random, destination.streets)),
    city: place[0],
    ...(place[1] === "" ? {} : { state: place[1] }),
    postcode: fillDigits(random, place[2]),
    country: destination.country,
    phone: fillDigits(random, destination.phone),
    itemDescription: description,
    itemQuantity: String(1 + random.below(3)),
    itemValue: value,
    currency: "USD",
    hsCode,
    originCountry: "CN",
    label: random.next() < 0.02 ? "missing" : "house",
  };
}

/** By channel: USPS IMpb with service type 001 and a nine-digit mailer, UPU S10, YunExpress. */
const trackingNumbers: Readonly<Record<string, (serial: number) => string>> = {
  "US-GROUND": (serial) => formatImpb(serial),
  "EU-POST": (serial) => formatS10("LX", serial, "NL"),
  "UK-TRACKED": (serial) => formatS10("RB", serial, "CN"),
  "GULF-EXPRESS": (serial) => formatS10("EE", serial, "CN"),
  "ASIA-REGISTERED": (serial) => formatS10("RT", serial, "HK"),
  "GLOBAL-YT": (serial) => `YT26${String(serial).padStart(14, "0")}`,
};

function formatS10(service: string, serial: number, country: string): string {
  const digits = String(serial % 100_000_000).padStart(8, "0");
  return `${service}${digits}${s10CheckDigit(digits)}${country}`;
}

function formatImpb(serial: number): string {
  const body = `92001${"900123456"}${String(serial % 10_000_000).padStart(7, "0")}`;
  return `${body}${mod10CheckDigit(body)}`;
}

function pickDestination(random: Random): Destination {
  let rest = random.next() * destinations.reduce((sum, destination) => sum + destination.share, 0);
  const found = destinations.find((destination) => {
    rest -= destination.share;
    return rest < 0;
  });
  return found ?? pick(random, destinations);
}

/** Log-normal with median 700 g; sigma 1.49 puts 76 % at or under 2 kg. */
function drawWeight(random: Random): number {
  return Math.round(Math.min(Math.max(700 * Math.exp(1.49 * random.normal()), 25), 19_900));
}

/** Volumetric weight (cm3 / 6000 in kg) over weight is log-normal too, above one in two cases of three. */
function drawSize(random: Random, weightGrams: number): string {
  const volume = weightGrams * 6000 * Math.exp(0.25 + 0.6 * random.normal());
  const side = Math.cbrt(volume);
  const [long, middle] = [1.2 + random.next() * 0.6, 0.9 + random.next() * 0.2];
  const sides = [side * long, side * middle, side / (long * middle)];
  return sides.map((length) => Math.min(Math.max(Math.round(length), 20), 600)).join(" x ");
}

function drawStatus(random: Random): string {
  const draw = random.next();
  if (draw < 0.02) return "held";
  return draw < 0.03 ? "cancelled" : "ready";
}

/** `{n}` becomes a house number, every `#` followed by no letter a digit. */
function fillDigits(random: Random, pattern: string): string {
  return pattern
    .replaceAll("{n}", () => String(1 + random.below(180)))
    .replaceAll("#", () => String(random.below(10)));
}

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

/** mulberry32: small, well mixed, the same on every machine. */
function createRandom(seed: number): Random {
  let state = hashSeed(seed);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  return { next, below: (limit) => Math.floor(next() * limit), normal };
}

const hashSeed = (seed: number): number => Math.imul(Math.trunc(seed) ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
