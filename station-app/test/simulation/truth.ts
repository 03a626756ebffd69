import type { Random } from "./random.ts";

/** A parcel as it really is, whatever any device says of it. */
export type TrueParcel = {
  /** What it bears; null when the code is torn. */
  readonly barcode: string | null;
  /** Null: no order of ours. */
  readonly orderId: string | null;
  readonly weightGrams: number;
  readonly sides: readonly [number, number, number];
  /** Where it belongs when all is well with it; null where it must not leave. */
  readonly rightChute: number | null;
};

export type SimulatedOrder = {
  readonly orderId: string;
  readonly waybill: string;
  readonly trackingNumber: string;
  readonly country: string;
  readonly status: "ready" | "held" | "cancelled";
  /** Somebody else's program took its release back: its parts are there, and no station may act on them. */
  readonly isUnreleased: boolean;
};

export const safeChutes: readonly number[] = [98, 99];
const declared = { weightGrams: 200, sides: [200, 150, 50] } as const;
const chuteOf: Readonly<Record<string, number>> = { DE: 3, FR: 4 };

const channel = {
  code: "PKT",
  version: 1,
  name: "Packet",
  carrier: "post",
  weightTolerance: { absoluteGrams: 50, percent: 20 },
  sizeTolerance: { absoluteMillimetres: 20, percent: 10 },
  countries: ["DE", "FR"],
  minimumWeightGrams: 0,
  maximumWeightGrams: 2000,
  bands: [],
};
const sortPlan = {
  planId: "main",
  version: 1,
  rows: [
    { priority: 10, country: "DE", chute: 3 },
    { priority: 20, country: "FR", chute: 4 },
  ],
  rejectChute: 99,
  interceptChute: 98,
};
export const settings = { channels: [channel], sortPlans: [sortPlan] };

/** Every hundredth is held or cancelled, some go where nobody serves. */
export function makeOrder(random: Random, number: number, mayBeUnreleased: boolean): SimulatedOrder {
  const digits = String(number).padStart(10, "0");
  return {
    orderId: `SO-${digits}`,
    waybill: `WS${digits}`,
    trackingNumber: `YT${digits.padStart(16, "0")}`,
    country: random.pick([
      "DE",
      "DE",
      "DE",
      "DE",
      "DE",
      "FR",
      "FR",
      "FR",
      "FR",
      random.chance(0.2) ? "US" : "DE",
    ]),
    status: random.chance(0.97) ? "ready" : random.pick(["held", "cancelled"]),
    isUnreleased: mayBeUnreleased && random.chance(0.03),
  };
}

/** Of everybody: name, street, town, postcode, and what is in the parcel. */
export const personal = ["A. Muster", "Hauptstr. 1", "Musterstadt", "ZZ10115", "cotton shirt"] as const;

const header =
  "order id,waybill,tracking number,channel,status,weight g,size mm,recipient name,address 1,city,postcode,country,item description,quantity,unit value,currency";

export const toCsv = (orders: readonly SimulatedOrder[]): string =>
  [
    header,
    ...orders.map(({ orderId, waybill, trackingNumber, country, status }) =>
      [
        orderId,
        waybill,
        trackingNumber,
        "PKT",
        status,
        declared.weightGrams,
        declared.sides.join(" x "),
        ...personal.slice(0, 4),
        country,
        personal[4],
        1,
        9.99,
        "EUR",
      ].join(","),
    ),
  ].join("\n");

/** Told from the simulation's own orders, channel and sort plan and from nothing of the product. */
function findRightChute(order: SimulatedOrder, weightGrams: number, sides: readonly number[]): number | null {
  const long = [...sides].sort((a, b) => b - a);
  const fits = long.every((side, at) => Math.abs(side - (declared.sides[at] ?? 0)) <= 20);
  if (
    order.isUnreleased ||
    order.status !== "ready" ||
    Math.abs(weightGrams - declared.weightGrams) > 50 ||
    !fits
  )
    return null;
  return chuteOf[order.country] ?? null;
}

/** Mostly as declared; now and then too heavy, too long, torn, unknown, or one of an order that was here before. */
export function makeParcel(random: Random, order: SimulatedOrder, isMeasured: boolean): TrueParcel {
  const weightGrams = random.chance(0.06) ? random.between(251, 400) : random.between(170, 240);
  const [length, width, height] = isMeasured && random.chance(0.04) ? [260, 150, 50] : declared.sides;
  const sides = random.pick([
    [length, width, height],
    [height, length, width],
    [width, height, length],
  ] as const);
  if (random.chance(0.02))
    return { barcode: `XX${order.waybill}`, orderId: null, weightGrams, sides, rightChute: null };
  const barcode = random.chance(0.02) ? null : random.chance(0.5) ? order.waybill : order.trackingNumber;
  return {
    barcode,
    orderId: order.orderId,
    weightGrams,
    sides,
    rightChute: findRightChute(order, weightGrams, sides),
  };
}

/** One of another hub's orders that came along by mistake: here it is nobody's. */
export const makeStray = (random: Random, order: SimulatedOrder, isMeasured: boolean): TrueParcel => ({
  ...makeParcel(random, order, isMeasured),
  orderId: null,
  rightChute: null,
});
