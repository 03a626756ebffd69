import { z } from "zod";
import { storedFactSchema } from "../facts/envelope.ts";

/** Raised when a request or reply changes shape; the cloud goes on accepting the older ones. */
export const wireVersion = 1;
export const supportedWireVersions: readonly number[] = [1];

/** Every request carries the station's token as `Authorization: Bearer`, every body may be gzip. */
export const uploadFactsRequestSchema = z.object({
  wireVersion: z.int(),
  stationId: z.string().min(1).max(64),
  logId: z.string().min(1).max(64),
  /** Ascending without a gap. */
  facts: z.array(storedFactSchema).min(1).max(1000),
});
export type UploadFactsRequest = z.infer<typeof uploadFactsRequestSchema>;

/** `durableThrough` <= `receivedThrough`; a station may delete only what is durable. */
export const uploadFactsReplySchema = z.object({
  receivedThrough: z.int().min(0),
  durableThrough: z.int().min(0),
});
export type UploadFactsReply = z.infer<typeof uploadFactsReplySchema>;

export const failureReplySchema = z.object({
  failure: z.object({
    code: z.string(),
    details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    cause: z.string().optional(),
  }),
});

/** The shapes a station follows; `table` parameter of GET /v1/shape. All values are text, as Electric sends them. */
export const stationShapes = [
  "orders",
  "shipments",
  "releases",
  "channels",
  "sort_plans",
  "acknowledgements",
] as const;
export type StationShape = (typeof stationShapes)[number];

/** Columns of the shapes (primary key first). `body` is the exact JSON text of the model's schema. */
export const shapeColumns = {
  orders: ["order_id", "revision", "body"],
  shipments: ["order_id", "revision", "body"],
  /** `parts_hash` = SHA-256 hex of releaseText(orders.body, shipments.body). Written last. */
  releases: ["order_id", "revision", "parts_hash"],
  channels: ["code", "version", "body"],
  sort_plans: ["plan_id", "version", "body"],
  /** One row per station and log. */
  acknowledgements: ["station_id", "log_id", "received_through", "durable_through"],
} as const satisfies Record<StationShape, readonly string[]>;

/** GET /livez and /readyz answer this. */
export type HealthReply = { readonly status: "ok"; readonly wireVersions: readonly number[] };

/** POST /v1/orders/import?format=csv|json (admin token): rows are read as a stream; bad ones are listed, good ones go in. */
export const importReplySchema = z.object({
  read: z.int(),
  imported: z.int(),
  unchanged: z.int(),
  /** The first 1,000; `rejectedCount` counts all. */
  rejected: z.array(z.object({ line: z.int(), reason: z.string() })),
  rejectedCount: z.int(),
});
export type ImportReply = z.infer<typeof importReplySchema>;
