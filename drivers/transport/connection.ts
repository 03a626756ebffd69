import { z } from "zod";

/** How a device is reached. Serial settings left out come from the model, then 9600 8N1. */
export const connectionSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("tcp"),
    host: z.string().min(1).max(255),
    port: z.int().min(1).max(65_535),
    connectTimeoutMs: z.int().min(100).max(60_000).optional(),
  }),
  /** The device calls us, as some DWS gates do; one caller at a time. */
  z.strictObject({
    type: z.literal("tcp-server"),
    host: z.string().min(1).max(255),
    port: z.int().min(1).max(65_535),
  }),
  z.strictObject({
    type: z.literal("serial"),
    path: z.string().min(1).max(1024),
    baudRate: z.int().min(110).max(4_000_000).optional(),
    dataBits: z.literal([7, 8]).optional(),
    parity: z.enum(["none", "even", "odd"]).optional(),
    stopBits: z.literal([1, 2]).optional(),
    rtscts: z.boolean().optional(),
  }),
]);
export type Connection = z.infer<typeof connectionSchema>;
