import { z } from "zod";
import { defaultDataFolder } from "./data-folder.ts";

const port = z.coerce.number().int().min(0).max(65_535);

/** What `waystation start` is told; commander hands everything over as text. */
export const startOptionsSchema = z.strictObject({
  data: z.string().min(1).default(defaultDataFolder),
  fresh: z.boolean().default(false),
  /** Parcels per hour put on the belt. */
  rate: z.coerce.number().min(1).max(20_000).default(1200),
  /** CSV or JSON; absent: orders are made up from the seed. */
  orders: z.string().min(1).optional(),
  /** The feeder stops after so many; absent: it goes on. */
  parcels: z.coerce.number().int().min(1).max(10_000_000).optional(),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1),
  /** Ends when the parcels are through, and then a process that dies is an error. */
  exit: z.boolean().default(false),
  port: port.default(8788),
  cloudPort: port.default(8787),
  json: z.boolean().default(false),
});
export type StartOptions = z.infer<typeof startOptionsSchema>;
