import { z } from "zod";

const chute = z.int().min(1).max(9999);

/** Rows are tried by rising priority; the first whose every condition holds gives the chute. */
export const sortRowSchema = z.object({
  priority: z.int().min(0).max(100_000),
  channelCode: z.string().max(40).optional(),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  postcodePrefix: z.string().max(20).optional(),
  aboveGrams: z.int().min(0).optional(),
  upToGrams: z.int().min(0).optional(),
  chute,
});

export const sortPlanSchema = z.object({
  planId: z.string().min(1).max(64),
  version: z.int().min(1),
  rows: z.array(sortRowSchema).max(5000),
  /** Where everything in doubt ends; the sorter's own default must be the same chute. */
  rejectChute: chute,
  /** Where intercepted parcels wait for a supervisor; the reject chute when absent. */
  interceptChute: chute.optional(),
});
export type SortPlan = z.infer<typeof sortPlanSchema>;
