import fc from "fast-check";
import { expect, test } from "vitest";
import { baseInput, reasonCodes } from "../decision/decision.test-support.ts";
import { judgeParcel } from "../decision/judge.ts";
import { describeNextStep, describeReason, type Reason } from "../decision/reasons.ts";
import { languages } from "../failures/language.ts";
import { anyScript, play } from "./script.test-support.ts";

/** Reasons as the code gives them: the judgements' from one bad parcel each, the lane's from played scripts. */
const [candidate] = baseInput.candidates;
const judgements = [
  { barcodes: [], candidates: [] },
  { candidates: [] },
  { candidates: [candidate, candidate] },
  ...[{ handledBefore: true }, { label: "missing" }].map((changes) => ({
    candidates: [{ ...candidate, ...changes }],
  })),
  ...["held", "cancelled"].map((status) => ({
    candidates: [{ ...candidate, order: { ...candidate?.order, status } }],
  })),
  { channel: undefined },
  {
    channel: {
      ...baseInput.channel,
      countries: ["JP"],
      minimumWeightGrams: 400,
      bands: [{ code: "A", aboveGrams: 0, upToGrams: 300 }],
    },
    weightGrams: 350,
  },
  { weightGrams: null, size: null },
  { weightGrams: 0 },
  { weightGrams: 3000, size: { lengthMillimetres: 700, widthMillimetres: 300, heightMillimetres: 300 } },
  { fullChutes: [3] },
  { sortPlan: { ...baseInput.sortPlan, rows: [] } },
].flatMap((changes) => judgeParcel({ ...baseInput, ...changes } as typeof baseInput).reasons);

const played = fc.sample(anyScript, { numRuns: 250, seed: 7 }).flatMap((script) =>
  play(script)
    .trace()
    .steps.flatMap(({ facts }) => facts)
    .flatMap((fact) => {
      if (fact.name === "parcel.doubted.v1") return [fact.payload.reason];
      return fact.name === "parcel.ended.v1" || fact.name === "parcel.judged.v1" ? fact.payload.reasons : [];
    }),
) as Reason[];

const produced = new Map<string, Reason>();
for (const reason of [...judgements, ...played])
  produced.set(`${reason.code} ${Object.keys(reason.details).sort().join()}`, reason);

test("every reason of the catalogue is given by the code, and none beside it", () => {
  const codes = new Set([...produced.values()].map(({ code }) => code as string));
  codes.delete("order.of-tomorrow");
  expect([...codes].sort()).toEqual([...reasonCodes].sort());
});

test.each([...produced])("the sentences of %s have no hole", (_shape, reason) => {
  for (const language of languages) {
    expect(describeReason(reason, language)).not.toMatch(/[{}]|undefined|null/);
    expect(describeNextStep(reason, language)).not.toMatch(/[{}]|undefined|null/);
  }
  expect(describeReason(reason, "zh")).toMatch(/[\u4e00-\u9fff]/);
  expect(describeNextStep(reason, "zh")).toMatch(/[\u4e00-\u9fff]/);
});
