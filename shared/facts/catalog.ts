import { z } from "zod";

const id = z.string().min(1).max(64);
const grams = z.int();
const millimetres = z.int().min(1);
const reason = z.object({
  code: z.string().max(60),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
const failure = z.object({
  code: z.string().max(60),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  cause: z.string().max(500).optional(),
});
const boundBy = z.enum(["index", "window", "request", "only-parcel", "manual"]);

export const outcomeSchema = z.enum(["accepted", "intercepted", "rejected", "no-read"]);
export type Outcome = z.infer<typeof outcomeSchema>;

/**
 * Every fact the product can record, by `type.vN`. Past tense; ids and measurements only, never a name or an
 * address. A published version never changes: a new shape is a new version and an upcaster beside it.
 */
export const factCatalog = {
  "station.booted.v1": z.object({ appVersion: z.string().max(40), wireVersion: z.int() }),
  /** The file of a former log was damaged; what could be read of it was saved, and this log goes on from there. */
  "log.salvaged.v1": z.object({
    formerLogId: id,
    /** The damaged file's name beside the new one; it is kept. */
    formerFile: z.string().max(120),
    reason: z.string().max(200),
    /** null: not one fact could be read. */
    firstReadable: z.int().nullable(),
    /** Without a hole from the first readable fact. */
    readableThrough: z.int().nullable(),
    lastReadable: z.int().nullable(),
    readableFacts: z.int(),
    /** Missing between readable ones; whether others came after the last one, this file cannot say. */
    lostFacts: z.int(),
    /** The first holes, at most fifty. */
    lost: z.array(z.object({ from: z.int(), to: z.int() })).max(50),
  }),
  /** A readable fact of a former log that the cloud cannot take there, for facts before it are lost. */
  "fact.salvaged.v1": z.object({
    formerLogId: id,
    sequence: z.int().min(1),
    /** Of the whole text, all parts put together. */
    hash: z.string().length(64),
    part: z.int().min(1),
    parts: z.int().min(1),
    text: z.string().max(16_000),
  }),
  "lane.stopped.v1": z.object({ reason: z.string().max(200) }),
  "lane.resumed.v1": z.object({}),
  "lane.faulted.v1": z.object({ reason: z.string().max(500) }),
  /** A person of the calibration service was there. */
  "scale.calibrated.v1": z.object({
    deviceId: id,
    certificate: z.string().min(1).max(80),
    /** The last day it holds. */
    dueOn: z.iso.date(),
  }),
  /** The empty scale was asked what it weighs. */
  "scale.zero-checked.v1": z.object({
    deviceId: id,
    weightGrams: grams,
    toleranceGrams: z.int().min(0),
    passed: z.boolean(),
  }),
  "parcel.inducted.v1": z.object({
    parcelIndex: z.int().nullable(),
    trigger: z.enum(["sorter", "scan", "reading"]),
  }),
  "parcel.scanned.v1": z.object({
    data: z.string().max(512),
    symbology: z.string().max(40),
    deviceId: id.nullable(),
    boundBy,
  }),
  "parcel.weighed.v1": z.object({ weightGrams: grams, deviceId: id, boundBy }),
  "parcel.measured.v1": z.object({
    lengthMillimetres: millimetres,
    widthMillimetres: millimetres,
    heightMillimetres: millimetres,
    deviceId: id,
    boundBy,
  }),
  "reading.discarded.v1": z.object({
    kind: z.string().max(20),
    reason: z.string().max(60),
    deviceId: id.nullable(),
    parcelIndex: z.int().nullable(),
  }),
  "parcel.doubted.v1": z.object({ reason }),
  "parcel.judged.v1": z.object({
    verdict: outcomeSchema,
    reasons: z.array(reason).max(20),
    chute: z.int().nullable(),
    orderId: id.nullable(),
    orderRevision: z.int().nullable(),
    /** Versions the judgement used, so that it can be repeated. */
    channelCode: z.string().max(40).nullable(),
    channelVersion: z.int().nullable(),
    sortPlanId: z.string().max(64),
    sortPlanVersion: z.int(),
    weightGrams: grams.nullable(),
  }),
  "label.requested.v1": z.object({
    jobId: id,
    printerId: id,
    orderId: id,
    odometerBefore: z.int().nullable(),
  }),
  "label.printed.v1": z.object({ jobId: id, odometer: z.int().nullable() }),
  "label.failed.v1": z.object({ jobId: id, failure }),
  "label.unknown.v1": z.object({ jobId: id, failure }),
  "label.resolved.v1": z.object({ jobId: id, printed: z.boolean() }),
  "divert.requested.v1": z.object({
    commandId: id,
    sorterId: id,
    parcelIndex: z.int(),
    chute: z.int(),
    deadlineMs: z.int(),
  }),
  "divert.confirmed.v1": z.object({ commandId: id.nullable(), parcelIndex: z.int(), chute: z.int() }),
  "divert.failed.v1": z.object({ commandId: id, failure }),
  "divert.unknown.v1": z.object({ commandId: id.nullable(), failure }),
  "parcel.ended.v1": z.object({
    outcome: outcomeSchema,
    reasons: z.array(reason).max(20),
    chute: z.int().nullable(),
  }),
} as const satisfies Record<string, z.ZodType>;

export type FactName = keyof typeof factCatalog;
export type FactPayload<N extends FactName> = z.infer<(typeof factCatalog)[N]>;

/** "parcel.judged.v1" -> type "parcel.judged", version 1. */
export function splitFactName(name: string): { type: string; version: number } {
  const at = name.lastIndexOf(".v");
  return { type: name.slice(0, at), version: Number(name.slice(at + 2)) };
}

export const joinFactName = (type: string, version: number): string => `${type}.v${version}`;
