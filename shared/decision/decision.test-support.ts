import judged from "@waystation/fixtures/parcels/judged.json" with { type: "json" };
import fc from "fast-check";
import { channelSchema } from "../model/channel.ts";
import { orderSchema } from "../model/order.ts";
import { sortPlanSchema } from "../model/sort-plan.ts";
import type { CandidateOrder, JudgeInput } from "./judge.ts";
import { makeReason, type ReasonCode, reasonCatalog } from "./reasons.ts";

/** The parcel that is all right, from the same file as the named ones. */
export const baseChannel = channelSchema.parse(judged.base.channel);
export const baseOrder = orderSchema.parse(judged.base.order);
export const baseSortPlan = sortPlanSchema.parse(judged.base.sortPlan);

const baseCandidate: CandidateOrder = {
  order: baseOrder,
  revision: 1,
  label: "house",
  handledBefore: false,
};

export const baseInput: JudgeInput = {
  barcodes: [baseOrder.waybill],
  candidates: [baseCandidate],
  weightGrams: 200,
  size: { lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 },
  needsWeight: true,
  needsSize: true,
  needsLabel: true,
  channel: baseChannel,
  sortPlan: baseSortPlan,
  fullChutes: [],
  doubts: [],
};

export const reasonCodes = Object.keys(reasonCatalog) as ReasonCode[];

// Small ranges on purpose: bounds, caps and tolerances must meet often.
const grams = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 1_000_000 }));
const millimetres = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 10_000 }));
const country = fc.constantFrom("DE", "FR", "US");
const channelCode = fc.constantFrom("PKT", "EXP");
const chute = fc.integer({ min: 1, max: 6 });
const percent = fc.double({ min: 0, max: 1000, noNaN: true });

const size = fc.record({
  lengthMillimetres: millimetres,
  widthMillimetres: millimetres,
  heightMillimetres: millimetres,
});

export const anyChannel = fc
  .record(
    {
      code: channelCode,
      version: fc.integer({ min: 1, max: 9 }),
      name: fc.constant("Any"),
      carrier: fc.constant("post"),
      weightTolerance: fc.record({ absoluteGrams: grams, percent }),
      sizeTolerance: fc.record({ absoluteMillimetres: millimetres, percent }),
      countries: fc.uniqueArray(country),
      minimumWeightGrams: grams,
      maximumWeightGrams: grams,
      maximumSideMillimetres: millimetres,
      maximumSidesSumMillimetres: millimetres,
      bands: fc.array(fc.record({ code: fc.constantFrom("A", "B"), aboveGrams: grams, upToGrams: grams }), {
        maxLength: 4,
      }),
    },
    {
      requiredKeys: [
        "code",
        "version",
        "name",
        "carrier",
        "weightTolerance",
        "sizeTolerance",
        "countries",
        "minimumWeightGrams",
        "maximumWeightGrams",
        "bands",
      ],
    },
  )
  .map((channel) => channelSchema.parse(channel));

const anyOrder = fc
  .record({
    orderId: fc.constantFrom("order-1", "order-2"),
    waybill: fc.constantFrom("WS1", "WS2"),
    channelCode,
    status: fc.constantFrom("ready", "held", "cancelled"),
    declaredWeightGrams: grams.map((value) => value + 1).filter((value) => value <= 1_000_000),
    declaredSize: fc.option(size, { nil: undefined }),
    consignee: fc.record({
      name: fc.constant("A"),
      street1: fc.constant("B"),
      city: fc.constant("C"),
      postcode: fc.constantFrom("", "10115", "SW1A 1AA"),
      country,
    }),
    items: fc.constant(baseOrder.items),
  })
  .map((order) => orderSchema.parse(order));

const anyRow = fc.record(
  {
    priority: fc.integer({ min: 0, max: 9 }),
    channelCode,
    country,
    postcodePrefix: fc.constantFrom("", "1", "SW1A1"),
    aboveGrams: grams,
    upToGrams: grams,
    chute,
  },
  { requiredKeys: ["priority", "chute"] },
);

export const anySortPlan = fc
  .record(
    {
      planId: fc.constant("any"),
      version: fc.constant(1),
      rows: fc.array(anyRow, { maxLength: 8 }),
      rejectChute: chute,
      interceptChute: chute,
    },
    { requiredKeys: ["planId", "version", "rows", "rejectChute"] },
  )
  .map((plan) => sortPlanSchema.parse(plan));

const anyCandidate: fc.Arbitrary<CandidateOrder> = fc.record({
  order: anyOrder,
  revision: fc.integer({ min: 1, max: 3 }),
  label: fc.constantFrom("zpl", "png", "house", "missing"),
  handledBefore: fc.boolean(),
});

/** Anything the schemas let through, and often a parcel that is nearly all right. */
export const anyInput: fc.Arbitrary<JudgeInput> = fc.oneof(
  fc.record({
    barcodes: fc.array(fc.string({ maxLength: 20 }), { maxLength: 3 }),
    candidates: fc.array(anyCandidate, { maxLength: 3 }),
    weightGrams: fc.option(fc.integer({ min: -10, max: 1_000_000 })),
    size: fc.option(size),
    needsWeight: fc.boolean(),
    needsSize: fc.boolean(),
    needsLabel: fc.boolean(),
    channel: fc.option(anyChannel, { nil: undefined }),
    sortPlan: anySortPlan,
    fullChutes: fc.uniqueArray(chute),
    doubts: fc.array(
      fc.constantFrom(...reasonCodes).map((code) => makeReason(code)),
      { maxLength: 2 },
    ),
  }),
  fc
    .record({
      weightGrams: fc.integer({ min: 140, max: 260 }),
      fullChutes: fc.uniqueArray(chute),
      sortPlan: anySortPlan,
    })
    .map((changes) => ({ ...baseInput, ...changes })),
);
