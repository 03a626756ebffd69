import { z } from "zod";

const grams = z.int().min(0).max(1_000_000);
const millimetres = z.int().min(0).max(30_000);

/** A deviation is within tolerance while it is at most the larger of the two. */
export const weightToleranceSchema = z.object({ absoluteGrams: grams, percent: z.number().min(0).max(1000) });
export const sizeToleranceSchema = z.object({
  absoluteMillimetres: millimetres,
  percent: z.number().min(0).max(1000),
});

/** What is sold: one service of one carrier with its limits. Upper bounds are inclusive, lower ones exclusive. */
export const channelSchema = z.object({
  code: z.string().min(1).max(40),
  version: z.int().min(1),
  name: z.string().min(1).max(120),
  carrier: z.string().min(1).max(40),
  weightTolerance: weightToleranceSchema,
  sizeTolerance: sizeToleranceSchema,
  /** Countries served; an empty list means every country. */
  countries: z.array(z.string().regex(/^[A-Z]{2}$/)),
  minimumWeightGrams: grams.default(0),
  maximumWeightGrams: grams,
  maximumSideMillimetres: millimetres.optional(),
  maximumSidesSumMillimetres: millimetres.optional(),
  /** Price bands: `above < weight <= upTo`. A weight in another band than the declared one is intercepted. */
  bands: z
    .array(z.object({ code: z.string().min(1).max(40), aboveGrams: grams, upToGrams: grams }))
    .max(100)
    .default([]),
});
export type Channel = z.infer<typeof channelSchema>;
