import { z } from "zod";

const text = (max: number) => z.string().trim().min(1).max(max);
const grams = z.int().min(1).max(1_000_000);
const millimetres = z.int().min(1).max(10_000);

export const addressSchema = z.object({
  name: text(120),
  company: z.string().max(120).optional(),
  street1: text(200),
  street2: z.string().max(200).optional(),
  city: text(100),
  state: z.string().max(100).optional(),
  postcode: z.string().max(20),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/),
  phone: z.string().max(40).optional(),
});
export type Address = z.infer<typeof addressSchema>;

export const orderItemSchema = z.object({
  description: text(200),
  quantity: z.int().min(1).max(100_000),
  /** Unit value in minor units of `currency`. */
  valueMinor: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  currency: z.string().regex(/^[A-Z]{3}$/),
  hsCode: z
    .string()
    .regex(/^\d{6,12}$/)
    .optional(),
  originCountry: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
});

/**
 * One order as the station sees it. `waybill` is what the parcel bears when it arrives;
 * `trackingNumber` is the last-mile carrier's, known once bought. Both, and `reference`, find the order.
 */
export const orderSchema = z.object({
  orderId: text(64),
  waybill: text(64),
  reference: text(64).optional(),
  trackingNumber: text(64).optional(),
  channelCode: text(40),
  status: z.enum(["ready", "held", "cancelled"]),
  declaredWeightGrams: grams,
  declaredSize: z
    .object({ lengthMillimetres: millimetres, widthMillimetres: millimetres, heightMillimetres: millimetres })
    .optional(),
  consignee: addressSchema,
  items: z.array(orderItemSchema).min(1).max(50),
});
export type Order = z.infer<typeof orderSchema>;

/** The printable side of an order: bytes are base64 so that the row's text is hashable as it is. */
export const shipmentSchema = z.object({
  orderId: text(64),
  label: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("zpl"), base64: z.base64() }),
    z.object({ kind: z.literal("png"), base64: z.base64() }),
    /** The station composes our own label from the order. */
    z.object({ kind: z.literal("house") }),
    /** Not bought yet: the parcel cannot leave. */
    z.object({ kind: z.literal("missing") }),
  ]),
});
export type Shipment = z.infer<typeof shipmentSchema>;
