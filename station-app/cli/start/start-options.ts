import { z } from "zod";

const port = z.coerce.number().int().min(0).max(65_535);

/** What `waystation start` is told; commander hands everything over as text. */
export const startOptionsSchema = z.strictObject({
  /** Absent: the checkout's .data; with --exit a folder of its own that goes when all went well. */
  data: z.string().min(1).optional(),
  fresh: z.boolean().default(false),
  /** Parcels per hour; absent: 1200, with --exit as fast as the lanes take them. */
  rate: z.coerce.number().min(1).max(20_000).optional(),
  /** CSV or JSON; absent: orders are made up from the seed. */
  orders: z.string().min(1).optional(),
  /** The feeder stops after so many; absent: it goes on. */
  parcels: z.coerce.number().int().min(1).max(10_000_000).optional(),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1),
  /** Ends when the parcels are through, and then a process that dies is an error. */
  exit: z.boolean().default(false),
  /** Absent: 8788 and 8787; with --exit any free ones. */
  port: port.optional(),
  cloudPort: port.optional(),
  json: z.boolean().default(false),
});
export type StartOptions = z.infer<typeof startOptionsSchema>;

/** With the defaults that depend on other options filled in. */
export type RunOptions = StartOptions & {
  readonly data: string;
  readonly port: number;
  readonly cloudPort: number;
};
