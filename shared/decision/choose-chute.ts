import type { Outcome } from "../facts/catalog.ts";
import type { SortPlan } from "../model/sort-plan.ts";

export type SortKey = {
  readonly channelCode: string;
  readonly country: string;
  readonly postcode: string;
  readonly weightGrams: number | null;
};

/** The chute of the first row, by priority, whose every condition holds; undefined when none does. */
export function chooseChute(plan: SortPlan, key: SortKey): number | undefined {
  let best: SortPlan["rows"][number] | undefined;
  for (const row of plan.rows)
    if (matches(row, key) && (best === undefined || row.priority < best.priority)) best = row;
  return best?.chute;
}

function matches(row: SortPlan["rows"][number], key: SortKey): boolean {
  const weight = key.weightGrams;
  return (
    (row.channelCode === undefined || row.channelCode === key.channelCode) &&
    (row.country === undefined || row.country === key.country) &&
    (row.postcodePrefix === undefined || key.postcode.replaceAll(" ", "").startsWith(row.postcodePrefix)) &&
    (row.aboveGrams === undefined || (weight !== null && weight > row.aboveGrams)) &&
    (row.upToGrams === undefined || (weight !== null && weight <= row.upToGrams))
  );
}

/** Where a parcel goes that is not accepted. */
export const chuteFor = (plan: SortPlan, outcome: Exclude<Outcome, "accepted">): number =>
  outcome === "intercepted" ? (plan.interceptChute ?? plan.rejectChute) : plan.rejectChute;
