import { eventIterator, oc } from "@orpc/contract";
import { z } from "zod";
import { failureCatalog } from "../failures/catalog.ts";
import { stationViewSchema, viewMessageSchema } from "../session/view.ts";

/** The contract between a screen and the engine: over a MessagePort in Electron, a WebSocket in a browser. */
export const stationIpcVersion = 1;

const laneId = z.string().min(1).max(64);
const parcelId = z.string().min(1).max(64);

/** A command either happened (its facts are durable) or says why not; never an exception. */
export const commandReplySchema = z.union([
  z.object({ ok: z.literal(true) }),
  z.object({
    ok: z.literal(false),
    failure: z.object({
      code: z.enum(
        Object.keys(failureCatalog) as [keyof typeof failureCatalog, ...(keyof typeof failureCatalog)[]],
      ),
      details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
      cause: z.string().optional(),
    }),
  }),
]);
export type CommandReply = z.infer<typeof commandReplySchema>;

const command = <T extends z.ZodType>(input: T) => oc.input(input).output(commandReplySchema);

export const stationContract = {
  station: {
    hello: oc.output(z.object({ ipcVersion: z.int(), stationId: z.string(), appVersion: z.string() })),
    /** Snapshot, then patches, until the caller goes away. */
    watch: oc.output(eventIterator(viewMessageSchema)),
    status: oc.output(
      z.object({
        view: stationViewSchema,
        processes: z.array(
          z.object({
            name: z.string(),
            pid: z.int(),
            memoryMegabytes: z.number(),
            uptimeSeconds: z.number(),
          }),
        ),
        backlog: z.int(),
        logId: z.string(),
        decisionMs: z.object({ p50: z.number(), p99: z.number(), count: z.int() }),
        /** How late the edge's event loop ran, since somebody last asked for the status. */
        edgeLoopDelayMs: z.object({ p50: z.number(), p99: z.number() }).optional(),
      }),
    ),
  },
  scale: {
    /** The calibration service was here: its certificate and the last day it holds. */
    recordCalibration: command(
      z.object({
        deviceId: z.string().min(1).max(64),
        certificate: z.string().trim().min(1).max(80),
        dueOn: z.iso.date(),
        operatorId: z.string().min(1).max(64),
      }),
    ),
    /** The scale is empty: it is asked for its weight, and what it says is recorded. */
    checkZero: command(
      z.object({ deviceId: z.string().min(1).max(64), operatorId: z.string().min(1).max(64) }),
    ),
  },
  lane: {
    stop: command(z.object({ laneId, reason: z.string().max(200), operatorId: z.string().min(1).max(64) })),
    resume: command(z.object({ laneId, operatorId: z.string().min(1).max(64) })),
    /** For a parcel whose barcode could not be read; the fact says it was entered by hand. */
    enterBarcode: command(
      z.object({
        laneId,
        parcelId: parcelId.nullable(),
        data: z.string().trim().min(1).max(128),
        operatorId: z.string().min(1).max(64),
      }),
    ),
    /** A wedge scanner in the window: same path as a serial scanner's reading, marked with its source. */
    wedgeScan: command(
      z.object({ laneId, data: z.string().min(1).max(512), symbology: z.string().min(1).max(32).optional() }),
    ),
    /** "Did the label come out?" after an unknown print. */
    answerLabel: command(
      z.object({ laneId, parcelId, printed: z.boolean(), operatorId: z.string().min(1).max(64) }),
    ),
    /** Take the waiting parcel away: it ends rejected. */
    clearParcel: command(z.object({ laneId, parcelId, operatorId: z.string().min(1).max(64) })),
  },
};
export type StationContract = typeof stationContract;
