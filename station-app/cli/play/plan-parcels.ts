import type { Order } from "@waystation/shared/model/order";

/** What a simulated parcel is like; everything but `normal` is there so that every verdict is seen. */
export type ParcelKind = "normal" | "heavy" | "oversize" | "no-read" | "unknown" | "duplicate";

export type SimulatedParcel = {
  readonly lane: "belt" | "bench";
  readonly kind: ParcelKind;
  /** Absent: nothing to read. */
  readonly barcode: string | undefined;
  readonly weightGrams: number;
  readonly lengthMillimetres: number;
  readonly widthMillimetres: number;
  readonly heightMillimetres: number;
};

/** Of every 25 parcels these are out of the ordinary, at places the seed chooses. */
const oddKinds: readonly ParcelKind[] = ["heavy", "oversize", "no-read", "unknown", "duplicate"];
const blockLength = 25;
/** A duplicate repeats a parcel so far back that it has surely left the lane. */
const duplicateDistance = 20;

/**
 * The parcels that a seed makes of a list of orders, one each and in their order: the same seed and orders give
 * the same parcels, and so the same verdicts.
 */
export function* planParcels(orders: readonly Order[], seed: number): Generator<SimulatedParcel> {
  const played: { parcel: SimulatedParcel; order: Order }[] = [];
  let kinds = drawBlock(seed, 0);
  for (const [index, order] of orders.entries()) {
    if (index % blockLength === 0) kinds = drawBlock(seed, index / blockLength);
    const wanted = kinds[index % blockLength] ?? "normal";
    const earlier = played.findLast(
      ({ parcel }, at) => parcel.kind === "normal" && at <= played.length - duplicateDistance,
    );
    const kind = wanted === "duplicate" && earlier === undefined ? "normal" : wanted;
    const parcel = makeParcel(
      kind === "duplicate" && earlier !== undefined ? earlier.order : order,
      kind,
      index,
      seed,
    );
    played.push({ parcel, order });
    if (played.length > 4 * blockLength) played.shift();
    yield parcel;
  }
}

function drawBlock(seed: number, block: number): ParcelKind[] {
  const kinds: ParcelKind[] = [
    ...oddKinds,
    ...Array.from({ length: blockLength - oddKinds.length }, () => "normal" as const),
  ];
  for (let index = kinds.length - 1; index > 0; index -= 1) {
    const other = draw(seed, block, index) % (index + 1);
    [kinds[index], kinds[other]] = [kinds[other] ?? "normal", kinds[index] ?? "normal"];
  }
  return kinds;
}

function makeParcel(order: Order, kind: ParcelKind, index: number, seed: number): SimulatedParcel {
  const size = order.declaredSize ?? { lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 80 };
  const wobble = (draw(seed, index, 1) % 11) - 5;
  // What a gate alone can see happens on the belt; one in five of the others is packed by hand.
  const onBelt = kind === "oversize" || kind === "no-read" || draw(seed, index, 2) % 5 !== 0;
  return {
    lane: onBelt ? "belt" : "bench",
    kind,
    barcode:
      kind === "no-read"
        ? undefined
        : kind === "unknown"
          ? `XX${String(draw(seed, index, 3)).padStart(10, "0")}`
          : order.waybill,
    weightGrams:
      kind === "heavy"
        ? order.declaredWeightGrams * 2 + 400
        : Math.max(1, order.declaredWeightGrams + wobble),
    lengthMillimetres: kind === "oversize" ? size.lengthMillimetres + 1500 : size.lengthMillimetres,
    widthMillimetres: size.widthMillimetres,
    heightMillimetres: size.heightMillimetres,
  };
}

/** A number from a seed and a place; the finaliser of MurmurHash3, so that neighbouring places differ in every bit. */
function draw(...parts: readonly number[]): number {
  let mixed = 0x9e3779b9;
  for (const part of parts) {
    mixed = Math.imul(mixed ^ part, 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
  }
  return mixed >>> 0;
}
