import judged from "@waystation/fixtures/parcels/judged.json" with { type: "json" };
import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { outcomeSchema } from "../facts/catalog.ts";
import { chooseChute } from "./choose-chute.ts";
import { anyInput, baseChannel, baseInput, baseOrder, baseSortPlan } from "./decision.test-support.ts";
import { gravestOutcome, type JudgeInput, judgeParcel } from "./judge.ts";
import { makeReason, type ReasonCode } from "./reasons.ts";

const changes = z.record(z.string(), z.unknown());
const namedParcelSchema = z.strictObject({
  name: z.string(),
  order: changes.default({}),
  channel: changes.nullable().default({}),
  sortPlan: changes.default({}),
  candidate: changes.default({}),
  candidates: z.int().default(1),
  lane: changes.default({}),
  barcodes: z.array(z.string()).optional(),
  weightGrams: z.int().nullable().default(200),
  size: z.tuple([z.int(), z.int(), z.int()]).nullable().default([200, 150, 50]),
  doubts: z.array(z.string()).default([]),
  verdict: outcomeSchema,
  reasons: z.array(z.string()).default([]),
  chute: z.int(),
});
const namedParcels = z.array(namedParcelSchema).parse(judged.parcels);

/** The base with the changes that the file names; the file itself is checked by the schemas of base and table. */
function readParcel(named: z.output<typeof namedParcelSchema>): JudgeInput {
  const order = { ...baseOrder, ...named.order };
  const candidate = { order, revision: 1, label: "house", handledBefore: false, ...named.candidate };
  const { interceptChute, ...sortPlan } = { ...baseSortPlan, ...named.sortPlan };
  return {
    ...baseInput,
    ...named.lane,
    ...(named.barcodes === undefined ? {} : { barcodes: named.barcodes }),
    candidates: Array.from({ length: named.candidates }, () => candidate) as JudgeInput["candidates"],
    channel: named.channel === null ? undefined : { ...baseChannel, ...named.channel },
    sortPlan: interceptChute === null ? sortPlan : { ...sortPlan, interceptChute: interceptChute ?? 98 },
    weightGrams: named.weightGrams,
    size:
      named.size === null
        ? null
        : {
            lengthMillimetres: named.size[0],
            widthMillimetres: named.size[1],
            heightMillimetres: named.size[2],
          },
    doubts: named.doubts.map((code) => makeReason(code as ReasonCode)),
  };
}

test.each(namedParcels)("judged: $name", (named) => {
  const { verdict, reasons, chute } = judgeParcel(readParcel(named));
  expect({ verdict, reasons: reasons.map(({ code }) => code), chute }).toEqual({
    verdict: named.verdict,
    reasons: named.reasons,
    chute: named.chute,
  });
});

test("a judgement names what it was made from", () => {
  expect(judgeParcel(baseInput)).toMatchObject({
    order: { order: { orderId: "order-1" }, revision: 1 },
    channelVersion: 3,
  });
});

test("the sentence of the seed case has every number in it", () => {
  const [reason] = judgeParcel({ ...baseInput, weightGrams: 350 }).reasons;
  expect(reason).toEqual({
    code: "weight.deviation",
    details: { declaredGrams: 200, weighedGrams: 350, deviationGrams: 150, allowedGrams: 50 },
  });
});

test("any reason keeps a parcel out of acceptance and out of its planned chute", () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const { verdict, reasons, chute, order } = judgeParcel(input);
      const planned =
        order === null
          ? undefined
          : chooseChute(input.sortPlan, {
              channelCode: order.order.channelCode,
              country: order.order.consignee.country,
              postcode: order.order.consignee.postcode,
              weightGrams: input.weightGrams,
            });
      const safe = [input.sortPlan.rejectChute, input.sortPlan.interceptChute ?? input.sortPlan.rejectChute];
      expect(verdict).toBe(gravestOutcome(reasons));
      expect(verdict === "accepted").toBe(reasons.length === 0);
      if (reasons.length === 0) {
        expect(chute).toBe(planned);
        expect(safe).not.toContain(chute);
      } else expect(safe).toContain(chute);
    }),
    { numRuns: 400 },
  );
});

test("a judgement is pure: it repeats itself and touches nothing", () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const before = structuredClone(input);
      const first = judgeParcel(input);
      expect(judgeParcel(structuredClone(input))).toEqual(first);
      expect(input).toEqual(before);
    }),
    { numRuns: 200 },
  );
});
