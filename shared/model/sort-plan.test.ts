import { expect, test } from "vitest";
import { baseSortPlan } from "../decision/decision.test-support.ts";
import { sortPlanSchema } from "./sort-plan.ts";

test.each<[string, Record<string, unknown>, boolean]>([
  ["no rows", { rows: [] }, true],
  ["no intercept chute", { interceptChute: undefined }, true],
  ["no reject chute", { rejectChute: undefined }, false],
  ["a chute 0", { rows: [{ priority: 1, chute: 0 }] }, false],
  ["a chute 9999", { rows: [{ priority: 1, chute: 9999 }] }, true],
  ["a chute 10000", { rows: [{ priority: 1, chute: 10_000 }] }, false],
  ["half a priority", { rows: [{ priority: 1.5, chute: 1 }] }, false],
  ["a row without priority", { rows: [{ chute: 1 }] }, false],
  ["5001 rows", { rows: Array.from({ length: 5001 }, (_, priority) => ({ priority, chute: 1 })) }, false],
])("a sort plan with %s", (_what, changes, isGood) => {
  expect(sortPlanSchema.safeParse({ ...baseSortPlan, ...changes }).success).toBe(isGood);
});
