import { z } from "zod";
import { plcConnections } from "./plc/connections.ts";

const serialSettings = {
  baudRate: z.int().min(110).max(4_000_000).optional(),
  dataBits: z.literal([7, 8]).optional(),
  parity: z.enum(["none", "even", "odd"]).optional(),
  stopBits: z.literal([1, 2]).optional(),
  rtscts: z.boolean().optional(),
};
export const serialLineSchema = z.strictObject(serialSettings);
/** What is left out comes from the model, then from 9600 8N1. */
export type SerialSettings = z.infer<typeof serialLineSchema>;

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
  /** The device posts its telegrams to us. Another host than this machine only where the network is trusted. */
  z.strictObject({
    type: z.literal("http-push"),
    host: z.string().min(1).max(255).default("127.0.0.1"),
    port: z.int().min(1).max(65_535),
    path: z.string().startsWith("/").max(255).default("/"),
    /** Asked for as "Authorization: Bearer ..." where the device can send it. */
    token: z.string().min(16).max(255).optional(),
  }),
  z.strictObject({
    type: z.literal("serial"),
    path: z.string().min(1).max(1024),
    ...serialSettings,
  }),
  /** By serial number; without one, the only device of this kind, or the one at `path`. */
  z.strictObject({
    type: z.literal("hid"),
    vendorId: z.int().min(0).max(0xffff),
    productId: z.int().min(0).max(0xffff),
    serialNumber: z.string().min(1).max(255).optional(),
    path: z.string().min(1).max(1024).optional(),
    /** Sent after opening, report id first; [] sends nothing. Absent: what the vendor is known to want. */
    featureReport: z.array(z.int().min(0).max(255)).max(256).optional(),
  }),
  /** A printer of USB class 7, by its serial number, else by the port it hangs on ("1-2.4"). */
  z.strictObject({
    type: z.literal("usb"),
    vendorId: z.int().min(0).max(0xffff),
    productId: z.int().min(0).max(0xffff),
    serialNumber: z.string().min(1).max(255).optional(),
    portPath: z
      .string()
      .regex(/^[\w:-]{1,64}(\.\d{1,3}){0,8}$/)
      .optional(),
  }),
  /** A print queue of the operating system, for the model "spooled". */
  z.strictObject({
    type: z.literal("spooler"),
    printer: z.string().regex(/^[^\u0000-\u001f-][^\u0000-\u001f]{0,219}$/),
  }),
  ...plcConnections,
]);
export type Connection = z.infer<typeof connectionSchema>;
