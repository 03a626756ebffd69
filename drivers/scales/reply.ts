import type { WeightReading } from "@waystation/shared/model/reading";
import { quoteText } from "../kit/text.ts";
import type { ScaleReply } from "./weighing.ts";

/** Beyond what the scale can weigh, or broken: there is no weight then. */
export const withoutWeight = (state: "over" | "under" | "fault", net = false): ScaleReply => ({
  reply: "weight",
  reading: { kind: "weight", state, net },
});

export function weightReply(weightGrams: number, state: "stable" | "motion", net: boolean): ScaleReply {
  const reading: WeightReading = { kind: "weight", weightGrams, state, net };
  return { reply: "weight", reading };
}

export const refuse = (what: string, text: string): ScaleReply => ({
  reply: "refused",
  reason: `${what}: ${quoteText(text)}`,
});
