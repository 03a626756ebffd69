import { z } from "zod";
import { outcomeSchema } from "../facts/catalog.ts";
import { upkeepViewSchema } from "./upkeep.ts";

/** What a screen shows. Plain data, small, whole per lane: a patch replaces one lane, one device or the link. */

const reasonSchema = z.object({
  code: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export const parcelViewSchema = z.object({
  parcelId: z.string(),
  parcelIndex: z.int().nullable(),
  /** gathering: readings come in; labelling: printer at work; diverting: sorter at work;
   *  waiting: a person must answer (see `needs`); ended: see `outcome`. */
  phase: z.enum(["gathering", "labelling", "diverting", "waiting", "ended"]),
  needs: z.enum(["barcode", "weight", "label-answer"]).nullable(),
  barcode: z.string().nullable(),
  weightGrams: z.int().nullable(),
  /** "300 x 200 x 100" in millimetres. */
  size: z.string().nullable(),
  orderId: z.string().nullable(),
  channelCode: z.string().nullable(),
  country: z.string().nullable(),
  /** The verdict as judged; `outcome` may be worse when the label or the sorter failed. */
  verdict: outcomeSchema.nullable(),
  outcome: outcomeSchema.nullable(),
  reasons: z.array(reasonSchema),
  chute: z.int().nullable(),
  changedAtMs: z.number(),
});
export type ParcelView = z.infer<typeof parcelViewSchema>;

export const laneViewSchema = z.object({
  laneId: z.string(),
  profile: z.enum(["belt", "bench"]),
  status: z.enum(["running", "stopped", "faulted"]),
  stopReason: z.string().nullable(),
  /** On the belt or bench now, oldest first. */
  parcels: z.array(parcelViewSchema),
  /** The last ones that ended, newest first, at most 12. */
  recent: z.array(parcelViewSchema),
  counts: z.object({ accepted: z.int(), intercepted: z.int(), rejected: z.int(), noRead: z.int() }),
  deviceIds: z.array(z.string()),
});
export type LaneView = z.infer<typeof laneViewSchema>;

export const deviceViewSchema = z.object({
  deviceId: z.string(),
  kind: z.enum(["scale", "scanner", "dimensioner", "printer", "sorter"]),
  model: z.string(),
  state: z.enum(["connecting", "ready", "faulted"]),
  failure: z
    .object({
      code: z.string(),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
      cause: z.string().optional(),
    })
    .nullable(),
  /** Only for scales the configuration wants looked after. */
  upkeep: upkeepViewSchema.optional(),
});
export type DeviceView = z.infer<typeof deviceViewSchema>;

/** All times are of this machine's clock, for display only. */
export const linkViewSchema = z.object({
  /** offline: no answer; waiting: the cloud answers and asks for patience; refused: somebody must do something. */
  cloud: z.enum(["online", "offline", "waiting", "refused"]),
  failure: deviceViewSchema.shape.failure,
  offlineSinceMs: z.number().nullable().optional(),
  lastExchangeMs: z.number().nullable().optional(),
  /** This machine's clock less the cloud's; null until the cloud has said its time. */
  clockOffsetMs: z.int().nullable().optional(),
  factsRecorded: z.int(),
  factsAcknowledged: z.int(),
  ordersVisible: z.int(),
  /** What is wrong with the orders at hand, if anything; work goes on with them. */
  ordersFailure: deviceViewSchema.shape.failure.optional(),
  /** What somebody should know of the station's own records and its disk; work goes on. */
  notices: z.array(deviceViewSchema.shape.failure.unwrap()).optional(),
});
export type LinkView = z.infer<typeof linkViewSchema>;

export const stationViewSchema = z.object({
  stationId: z.string(),
  bootId: z.string(),
  lanes: z.array(laneViewSchema),
  devices: z.array(deviceViewSchema),
  link: linkViewSchema,
});
export type StationView = z.infer<typeof stationViewSchema>;

/**
 * A watcher gets a snapshot first, then patches whose revision is one more than the last it saw; any other
 * revision means something was missed and the watcher asks for a snapshot again.
 */
export const viewMessageSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("snapshot"), revision: z.int(), view: stationViewSchema }),
  z.object({
    kind: z.literal("patch"),
    revision: z.int(),
    lanes: z.array(laneViewSchema).optional(),
    devices: z.array(deviceViewSchema).optional(),
    link: linkViewSchema.optional(),
  }),
]);
export type ViewMessage = z.infer<typeof viewMessageSchema>;

/** Applies one message; null means a gap: resubscribe for a snapshot. */
export function applyViewMessage(
  current: { revision: number; view: StationView } | null,
  message: ViewMessage,
): { revision: number; view: StationView } | null {
  if (message.kind === "snapshot") return { revision: message.revision, view: message.view };
  if (current === null || message.revision !== current.revision + 1) return null;
  const { view } = current;
  return {
    revision: message.revision,
    view: {
      ...view,
      lanes: replaceBy(view.lanes, message.lanes ?? [], (lane) => lane.laneId),
      devices: replaceBy(view.devices, message.devices ?? [], (device) => device.deviceId),
      link: message.link ?? view.link,
    },
  };
}

function replaceBy<T>(current: readonly T[], changed: readonly T[], key: (item: T) => string): T[] {
  if (changed.length === 0) return [...current];
  const byKey = new Map(changed.map((item) => [key(item), item]));
  return current.map((item) => byKey.get(key(item)) ?? item);
}
