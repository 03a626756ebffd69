import type { Outcome } from "../facts/catalog.ts";
import type { Channel } from "../model/channel.ts";
import type { Order, Shipment } from "../model/order.ts";
import type { SortPlan } from "../model/sort-plan.ts";
import { auditSize, auditWeight, type Size } from "./audit.ts";
import { chooseChute, chuteFor } from "./choose-chute.ts";
import { findReason, makeReason, type Reason } from "./reasons.ts";

/** An order one of the parcel's barcodes led to. */
export type CandidateOrder = {
  readonly order: Order;
  readonly revision: number;
  readonly label: Shipment["label"]["kind"];
  /** Another parcel of this order was accepted here, is in flight, or had a label printed. */
  readonly handledBefore: boolean;
};

export type JudgeInput = {
  /** Every distinct barcode read from the parcel; empty means no-read. */
  readonly barcodes: readonly string[];
  readonly candidates: readonly CandidateOrder[];
  readonly weightGrams: number | null;
  readonly size: Size | null;
  /** What this lane must have measured before a parcel may leave. */
  readonly needsWeight: boolean;
  readonly needsSize: boolean;
  readonly needsLabel: boolean;
  readonly channel: Channel | undefined;
  readonly sortPlan: SortPlan;
  readonly fullChutes: readonly number[];
  /** Doubts gathered before the judgement (association, stopped lane); each counts as a reason. */
  readonly doubts: readonly Reason[];
};

export type Decision = {
  readonly verdict: Outcome;
  readonly reasons: readonly Reason[];
  readonly chute: number;
  readonly order: CandidateOrder | null;
  /** Versions used, so that the same judgement can be made again. */
  readonly channelVersion: number | null;
};

/**
 * Judges one parcel from everything known about it. Pure and total: any doubt is a reason, any reason keeps the
 * parcel out of its channel's chute, and the gravest reason gives the verdict.
 */
export function judgeParcel(input: JudgeInput): Decision {
  const [only, ...others] = input.candidates;
  const order = only !== undefined && others.length === 0 ? only : null;
  const found = [
    ...input.doubts,
    ...judgeIdentity(input, order),
    ...(order === null ? [] : judgeOrder(input, order)),
  ];
  const planned = order === null ? undefined : planChute(input, order.order);
  const reasons = found.length > 0 ? found : judgeChute(planned, input.fullChutes);
  const verdict = gravestOutcome(reasons);
  const chute =
    verdict === "accepted" && planned !== undefined
      ? planned
      : chuteFor(input.sortPlan, verdict === "accepted" ? "rejected" : verdict);
  return { verdict, reasons, chute, order, channelVersion: input.channel?.version ?? null };
}

function judgeIdentity(input: JudgeInput, order: CandidateOrder | null): Reason[] {
  if (input.barcodes.length === 0) return [makeReason("barcode.no-read")];
  if (input.candidates.length === 0)
    return [makeReason("order.unknown", { barcode: input.barcodes[0] ?? "" })];
  if (order === null) return [makeReason("order.ambiguous", { count: input.candidates.length })];
  return [];
}

function judgeOrder(input: JudgeInput, { order, label, handledBefore }: CandidateOrder): Reason[] {
  const found: Reason[] = [];
  const about = { orderId: order.orderId };
  if (handledBefore) found.push(makeReason("order.duplicate", about));
  if (order.status === "cancelled") found.push(makeReason("order.cancelled", about));
  if (order.status === "held") found.push(makeReason("order.held", about));
  if (input.needsLabel && label === "missing") found.push(makeReason("label.missing", about));
  return [...found, ...judgeMeasures(input, order)];
}

function judgeMeasures(input: JudgeInput, order: Order): Reason[] {
  const { channel } = input;
  const found: Reason[] = [];
  if (input.needsWeight && input.weightGrams === null) found.push(makeReason("weight.missing"));
  if (input.needsSize && input.size === null) found.push(makeReason("size.missing"));
  if (channel === undefined)
    return [...found, makeReason("channel.unknown", { channelCode: order.channelCode })];
  const { country } = order.consignee;
  if (channel.countries.length > 0 && !channel.countries.includes(country))
    found.push(makeReason("channel.country", { channelCode: channel.code, country }));
  if (input.weightGrams !== null)
    found.push(...auditWeight(order.declaredWeightGrams, input.weightGrams, channel));
  if (input.size !== null) found.push(...auditSize(order.declaredSize, input.size, channel));
  return found;
}

/** A row that leads to the reject or intercept chute is no way out: what lies there was never accepted. */
function planChute({ sortPlan, weightGrams }: JudgeInput, order: Order): number | undefined {
  const planned = chooseChute(sortPlan, sortKeyOf(order, weightGrams));
  return planned === sortPlan.rejectChute || planned === sortPlan.interceptChute ? undefined : planned;
}

function judgeChute(planned: number | undefined, fullChutes: readonly number[]): Reason[] {
  if (planned === undefined) return [makeReason("chute.none")];
  return fullChutes.includes(planned) ? [makeReason("chute.full", { chute: planned })] : [];
}

const sortKeyOf = (order: Order, weightGrams: number | null) => ({
  channelCode: order.channelCode,
  country: order.consignee.country,
  postcode: order.consignee.postcode,
  weightGrams,
});

const gravity: Readonly<Record<Outcome, number>> = { accepted: 0, intercepted: 1, "no-read": 2, rejected: 3 };

/** The outcome a list of reasons leads to; no reason at all means accepted. */
export function gravestOutcome(reasons: readonly Reason[]): Outcome {
  let worst: Outcome = "accepted";
  for (const { code } of reasons) {
    const { verdict } = findReason(code);
    if (gravity[verdict] > gravity[worst]) worst = verdict;
  }
  return worst;
}
