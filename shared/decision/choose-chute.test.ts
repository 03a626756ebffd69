import fc from "fast-check";
import { expect, test } from "vitest";
import type { SortPlan } from "../model/sort-plan.ts";
import { chooseChute, chuteFor, type SortKey } from "./choose-chute.ts";
import { anySortPlan, baseSortPlan } from "./decision.test-support.ts";

type Row = SortPlan["rows"][number];
const key: SortKey = { channelCode: "PKT", country: "GB", postcode: "SW1A 1AA", weightGrams: 500 };
const choose = (rows: readonly Row[], changes: Partial<SortKey> = {}) =>
  chooseChute({ ...baseSortPlan, rows: [...rows] }, { ...key, ...changes });

test.each<[string, Partial<Row>, Partial<SortKey>, boolean]>([
  ["no condition", {}, {}, true],
  ["its channel", { channelCode: "PKT" }, {}, true],
  ["another channel", { channelCode: "EXP" }, {}, false],
  ["its country", { country: "GB" }, {}, true],
  ["another country", { country: "DE" }, {}, false],
  ["its postcode's beginning", { postcodePrefix: "SW1" }, {}, true],
  ["its postcode across the blank", { postcodePrefix: "SW1A1" }, {}, true],
  ["its postcode's middle", { postcodePrefix: "1A" }, {}, false],
  ["a postcode where none is known", { postcodePrefix: "S" }, { postcode: "" }, false],
  ["above a weight, which is exclusive", { aboveGrams: 500 }, {}, false],
  ["above one gram less", { aboveGrams: 499 }, {}, true],
  ["up to a weight, which is inclusive", { upToGrams: 500 }, {}, true],
  ["up to one gram less", { upToGrams: 499 }, {}, false],
  ["a weight where none is known", { upToGrams: 500 }, { weightGrams: null }, false],
  [
    "all of them",
    { channelCode: "PKT", country: "GB", postcodePrefix: "SW", aboveGrams: 1, upToGrams: 500 },
    {},
    true,
  ],
  [
    "all of them but one",
    { channelCode: "PKT", country: "GB", postcodePrefix: "SW", aboveGrams: 1, upToGrams: 499 },
    {},
    false,
  ],
])("a row asks for %s", (_what, conditions, changes, matches) => {
  expect(choose([{ priority: 1, chute: 5, ...conditions }], changes)).toBe(matches ? 5 : undefined);
});

test("the lowest priority number wins wherever the row stands", () => {
  expect(
    choose([
      { priority: 20, chute: 4 },
      { priority: 10, chute: 3 },
      { priority: 30, chute: 5 },
    ]),
  ).toBe(3);
});

test("the order of rows with distinct priorities does not matter", () => {
  const distinct = anySortPlan.map((plan) => ({
    ...plan,
    rows: plan.rows.map((row, index) => ({ ...row, priority: index })),
  }));
  const shuffled = distinct.chain((plan) =>
    fc
      .shuffledSubarray(plan.rows, { minLength: plan.rows.length })
      .map((rows) => [plan, { ...plan, rows }] as const),
  );
  const anyKey = fc.record({
    channelCode: fc.constantFrom("PKT", "EXP"),
    country: fc.constantFrom("DE", "FR"),
    postcode: fc.constantFrom("10115", "SW1A 1AA"),
    weightGrams: fc.option(fc.integer({ min: 0, max: 20 })),
  });
  fc.assert(
    fc.property(shuffled, anyKey, ([plan, mixed], sortKey) => {
      expect(chooseChute(mixed, sortKey)).toBe(chooseChute(plan, sortKey));
    }),
    { numRuns: 300 },
  );
});

test("what is not accepted goes to the reject chute, what is intercepted to its own where there is one", () => {
  const { interceptChute: _none, ...withoutIntercept } = baseSortPlan;
  expect(chuteFor(baseSortPlan, "intercepted")).toBe(98);
  expect(chuteFor(withoutIntercept, "intercepted")).toBe(99);
  expect(chuteFor(baseSortPlan, "rejected")).toBe(99);
  expect(chuteFor(baseSortPlan, "no-read")).toBe(99);
});
