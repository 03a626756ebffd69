import type { CloudFact } from "./read-cloud.ts";
import { type Fact, unwrapFact } from "./read-fact.ts";
import type { Row } from "./run-description.ts";

/** Written from what the tables' columns mean, so that a mistake of the product is not made again here. */
type Payload = Fact["payload"];
type Reading = (payload: Payload, row: Row) => Row;

const withLabel = (row: Row, label: string): Row =>
  label === "failed" ? { label, handled_order: null } : { ...row, label };

/** facts.db: what each fact says of its parcel's row. */
const stationReadings: Readonly<Record<string, Reading>> = {
  "parcel.inducted.v1": ({ parcelIndex }) => ({ parcel_index: parcelIndex }),
  "parcel.scanned.v1": ({ data }) => ({ barcode: data }),
  "parcel.weighed.v1": ({ weightGrams }) => ({ weight_grams: weightGrams }),
  "parcel.measured.v1": (size) => ({
    size: [size.lengthMillimetres, size.widthMillimetres, size.heightMillimetres].join("x"),
  }),
  "parcel.judged.v1": ({ verdict, orderId, chute }) => ({ verdict, order_id: orderId, chute }),
  // From here on another parcel of the order is a duplicate, until it is known that no label came out.
  "label.requested.v1": ({ jobId }, row) => ({
    label: "requested",
    label_job: jobId,
    handled_order: row.order_id,
  }),
  "label.printed.v1": () => withLabel({}, "printed"),
  "label.failed.v1": () => withLabel({}, "failed"),
  "label.unknown.v1": () => withLabel({}, "unknown"),
  "label.resolved.v1": ({ printed }) => withLabel({}, printed === true ? "printed" : "failed"),
  "divert.requested.v1": ({ commandId }) => ({ divert: "requested", divert_command: commandId }),
  "divert.confirmed.v1": ({ chute }) => ({ divert: "confirmed", chute }),
  "divert.failed.v1": () => ({ divert: "failed" }),
  "divert.unknown.v1": () => ({ divert: "unknown" }),
  "parcel.ended.v1": ({ outcome, chute }, row) => ({
    ...{ outcome, chute },
    ...(outcome === "accepted" ? { handled_order: row.order_id } : {}),
  }),
};

const emptyStationRow: Row = Object.fromEntries(
  [
    ...["parcel_index", "barcode", "weight_grams", "size", "order_id", "handled_order", "verdict", "outcome"],
    ...["chute", "label", "label_job", "divert", "divert_command"],
  ].map((column) => [column, null]),
);

/** @param facts in order; `number` is what the file calls their place. */
export function rebuildStationParcels(
  facts: Iterable<{ readonly fact: Fact; readonly number: number }>,
): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { fact, number } of facts) {
    if (fact.parcelId === null) continue;
    const row = rows.get(fact.parcelId) ?? {
      ...emptyStationRow,
      ...{ parcel_id: fact.parcelId, lane: fact.lane ?? "", first_sequence: number },
    };
    const said = stationReadings[fact.name]?.(fact.payload, row) ?? {};
    rows.set(fact.parcelId, { ...row, ...said, last_sequence: number });
  }
  return rows;
}

const cloudReadings: Readonly<Record<string, (payload: Payload) => Row>> = {
  "parcel.scanned.v1": ({ data }) => ({ barcode: data }),
  "parcel.weighed.v1": ({ weightGrams }) => ({ weight_grams: weightGrams }),
  "parcel.measured.v1": (size) => ({
    length_millimetres: size.lengthMillimetres,
    width_millimetres: size.widthMillimetres,
    height_millimetres: size.heightMillimetres,
  }),
  "parcel.judged.v1": ({ verdict, reasons, chute, orderId, channelCode }) => ({
    ...{ verdict, reasons, chute },
    ...{ order_id: orderId, channel_code: channelCode },
  }),
  "label.requested.v1": () => ({ label_state: "requested" }),
  "label.printed.v1": () => ({ label_state: "printed" }),
  "label.failed.v1": () => ({ label_state: "failed" }),
  "label.unknown.v1": () => ({ label_state: "unknown" }),
  "label.resolved.v1": ({ printed }) => ({ label_state: printed === true ? "printed" : "failed" }),
  "divert.requested.v1": () => ({ divert_state: "requested" }),
  "divert.confirmed.v1": ({ chute }) => ({ divert_state: "confirmed", chute }),
  "divert.failed.v1": () => ({ divert_state: "failed" }),
  "divert.unknown.v1": () => ({ divert_state: "unknown" }),
  "parcel.ended.v1": ({ outcome, reasons, chute }) => ({ outcome, reasons, chute }),
};

const emptyCloudRow: Row = Object.fromEntries(
  [
    ...["lane", "barcode", "weight_grams", "length_millimetres", "width_millimetres", "height_millimetres"],
    ...["order_id", "channel_code", "verdict", "outcome", "reasons", "chute", "label_state", "divert_state"],
  ].map((column) => [column, null]),
);

/** Facts count in the order in which the cloud received them. */
export function rebuildCloudParcels(facts: readonly CloudFact[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const outer of facts.toSorted(byArrival)) {
    const fact = unwrapFact(outer) ?? outer;
    if (fact.parcelId === null) continue;
    const row: Row = rows.get(fact.parcelId) ?? {
      ...emptyCloudRow,
      ...{ parcel_id: fact.parcelId, fact_count: 0, first_occurred_at: fact.occurredAt },
    };
    rows.set(fact.parcelId, {
      ...row,
      ...(fact.lane === null ? {} : { lane: fact.lane }),
      ...cloudReadings[fact.name]?.(fact.payload),
      fact_count: Number(row.fact_count) + 1,
      last_occurred_at: fact.occurredAt,
      last_fact: fact.name,
    });
  }
  return rows;
}

function byArrival(one: CloudFact, other: CloudFact): number {
  if (one.arrivedAt !== other.arrivedAt) return one.arrivedAt - other.arrivedAt;
  if (one.logId !== other.logId) return one.logId < other.logId ? -1 : 1;
  return one.sequence - other.sequence;
}
