import { z } from "zod";
import { storedFactSchema } from "../facts/envelope.ts";

/**
 * Raised when a request or reply changes shape; the cloud goes on accepting the older ones. 1: a batch of facts is
 * one JSON object. 2: it is lines of text, see shared/wire/fact-batch.ts.
 */
export const wireVersion = 2;
export const supportedWireVersions: readonly number[] = [1, 2];

/**
 * Every request carries the station's token as `Authorization: Bearer`, every body may be gzip. This is the batch of
 * wire version 1.
 */
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

/**
 * POST /v1/enrolments, without a token: a one-time code and the station's own public key (Ed25519, raw 32 bytes in
 * base64url) make a station known. The private key never leaves the station.
 */
export const enrolRequestSchema = z.strictObject({
  code: z.string().min(8).max(64),
  publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
  appVersion: z.string().min(1).max(40),
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;
export const enrolReplySchema = z.object({
  stationId: z.string(),
  name: z.string(),
  tenantId: z.string(),
  hubId: z.string(),
});
export type EnrolReply = z.infer<typeof enrolReplySchema>;

/** POST /v1/stations/:stationId/challenges, without a token: a number used once that the station signs. */
export const challengeReplySchema = z.object({ nonce: z.string(), serverTimeMs: z.int() });
export type ChallengeReply = z.infer<typeof challengeReplySchema>;

/** The text the station signs with its Ed25519 key. The cloud's clock alone counts: a station's may be wrong. */
export const tokenText = (stationId: string, nonce: string): string =>
  `waystation-station-token.v1:${stationId}:${nonce}`;

/** POST /v1/stations/:stationId/tokens: `signature` over tokenText in base64url. */
export const tokenRequestSchema = z.strictObject({
  nonce: z.string().min(16).max(400),
  signature: z.string().regex(/^[A-Za-z0-9_-]{86}$/),
});
export type TokenRequest = z.infer<typeof tokenRequestSchema>;
/** The token goes as `Authorization: Bearer` and holds for this long by the station's monotonic clock. */
export const tokenReplySchema = z.object({
  token: z.string(),
  expiresInSeconds: z.int().min(1),
  serverTimeMs: z.int(),
});
export type TokenReply = z.infer<typeof tokenReplySchema>;

/** PUT /v1/stations/:stationId/report, once a minute and when something changed: what the admin's page shows. */
export const stationReportSchema = z.object({
  wireVersion: z.int(),
  appVersion: z.string().min(1).max(40),
  bootId: z.string().max(64),
  /** The station's wall clock when it sent this. */
  clockMs: z.int(),
  log: z.object({ logId: z.string().max(64), recorded: z.int().min(0), acknowledged: z.int().min(0) }),
  ordersVisible: z.int().min(0),
  disk: z.object({ freeBytes: z.int().min(0), factsBytes: z.int().min(0) }).nullable(),
  lanes: z.array(z.object({ laneId: z.string().max(64), status: z.string().max(20) })).max(16),
  devices: z
    .array(
      z.object({
        deviceId: z.string().max(64),
        kind: z.string().max(20),
        model: z.string().max(80),
        state: z.string().max(20),
        failureCode: z.string().max(60).nullable(),
      }),
    )
    .max(64),
});
export type StationReport = z.infer<typeof stationReportSchema>;
export const stationReportReplySchema = z.object({
  serverTimeMs: z.int(),
  /** Versions this cloud understands; a station above all of them keeps its facts and waits. */
  wireVersions: z.array(z.int()),
});
export type StationReportReply = z.infer<typeof stationReportReplySchema>;
