import type { Order } from "@waystation/shared/model/order";
import { testOrder } from "../support/station-bench.ts";
import type { Random } from "./random.ts";

/** A parcel as it really is, whatever any device says of it. */
export type TrueParcel = {
  /** What it bears; null when the code is torn. */
  readonly barcode: string | null;
  readonly orderId: string | null;
  readonly weightGrams: number;
  readonly sides: readonly [number, number, number];
  /** Where it belongs when all is well with it; null where it must not leave. */
  readonly rightChute: number | null;
};

export const orderCount = 64;
export const safeChutes: readonly number[] = [98, 99];

const kinds: readonly Partial<Order>[] = [
  {},
  {},
  {},
  {},
  { consignee: { ...testOrder(0).consignee, country: "FR" } },
  { status: "held" },
  { status: "cancelled" },
  { consignee: { ...testOrder(0).consignee, country: "US" } },
];
const kindOf = (number: number): Partial<Order> => kinds[number % kinds.length] ?? {};
export const simulatedOrders: readonly Order[] = Array.from({ length: orderCount }, (_, at) =>
  testOrder(at + 1, kindOf(at + 1)),
);

const declaredSides = [200, 150, 50] as const;

/**
 * Told from the test's own orders, channel and sort plan and from nothing of the product: 200 g declared, 50 g and
 * 20 mm tolerated, Germany to chute 3, France to 4, nothing else served.
 */
function findRightChute(number: number, weightGrams: number, sides: readonly number[]): number | null {
  const { status, consignee } = { ...testOrder(number), ...kindOf(number) };
  const fits = [...sides]
    .sort((a, b) => b - a)
    .every((side, at) => Math.abs(side - (declaredSides[at] ?? 0)) <= 20);
  if (status !== "ready" || Math.abs(weightGrams - 200) > 50 || weightGrams <= 0 || !fits) return null;
  return { DE: 3, FR: 4 }[consignee.country] ?? null;
}

/** Mostly as declared; now and then too heavy, too long, torn, unknown, or one of an order that was here before. */
export function createParcelSource(random: Random) {
  let number = 0;
  return (orderNumber?: number): TrueParcel => {
    const isAgain = number > 0 && random.chance(0.2);
    if (orderNumber === undefined && !isAgain) number = (number % orderCount) + 1;
    const chosen = orderNumber ?? (isAgain ? random.between(1, number) : number);
    // A chosen one is packed by hand, and a bench does not measure.
    const isOnBelt = orderNumber === undefined;
    const weightGrams = random.chance(0.1) ? random.between(251, 400) : random.between(170, 240);
    const [length, width, height] = isOnBelt && random.chance(0.05) ? [260, 150, 50] : declaredSides;
    const sides = random.pick([
      [length, width, height],
      [height, length, width],
      [width, height, length],
    ] as const);
    const { waybill, trackingNumber, orderId } = testOrder(chosen);
    if (random.chance(0.03))
      return { barcode: `XX${chosen}`, orderId: null, weightGrams, sides, rightChute: null };
    const barcode = random.chance(0.03) ? null : random.chance(0.5) ? waybill : (trackingNumber ?? waybill);
    return { barcode, orderId, weightGrams, sides, rightChute: findRightChute(chosen, weightGrams, sides) };
  };
}
