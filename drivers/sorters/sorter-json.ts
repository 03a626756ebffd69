import { succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { defineSorter } from "../kit/define.ts";
import { createLineFramer } from "../framing/line.ts";
import type { DivertCommand } from "../kit/device.ts";
import type { Family } from "../kit/family.ts";
import { decodeUtf8, encodeText, quoteText } from "../kit/text.ts";
import { createTelegramSession, telegramOptions, type TelegramDialect } from "./telegram-session.ts";

const optionsSchema = z.strictObject({
  ...telegramOptions,
  /** A parcel's way from the assignment to its chute, at the most: there is no earlier answer. */
  completionTimeoutMs: z.int().min(20).max(120_000).default(15_000),
  maximumBytes: z.int().min(256).max(8000).default(4096),
});
type Options = z.infer<typeof optionsSchema>;

const parcelId = z.int().min(1);
const messageSchema = z.discriminatedUnion("Type", [
  z.looseObject({
    Type: z.literal("ParcelDetected"),
    ParcelId: parcelId,
    Metadata: z.record(z.string(), z.unknown()).nullish(),
  }),
  z.looseObject({
    Type: z.literal("SortingCompleted"),
    ParcelId: parcelId,
    ActualChuteId: z.int().min(0),
    FinalStatus: z.enum(["Success", "Timeout", "Lost", "ExecutionError"]),
  }),
]);
type Message = z.infer<typeof messageSchema>;

/** One line -> one reading. "Timeout" went to the exception chute it names, which is a confirmation of that. */
export function parseLine(frame: Uint8Array): readonly Reading[] {
  const text = decodeUtf8(frame);
  if (text === null) return [{ kind: "refused", reason: "not UTF-8" }];
  const message = messageSchema.safeParse(readJson(text));
  if (!message.success) return [{ kind: "refused", reason: `no message known: ${quoteText(text)}` }];
  return [toReading(message.data)];
}

function toReading(message: Message): Reading {
  const { ParcelId: parcelIndex } = message;
  if (message.Type === "ParcelDetected") {
    const barcode = message.Metadata?.Barcode;
    const induct = { kind: "sorter", event: "induct", parcelIndex } as const;
    return typeof barcode === "string" && barcode !== "" ? { ...induct, barcode } : induct;
  }
  const { FinalStatus: status, ActualChuteId: chute } = message;
  if (status === "Lost") return { kind: "sorter", event: "lost", parcelIndex };
  if (chute === 0)
    return { kind: "refused", reason: `parcel ${parcelIndex} ended as ${status} without a chute` };
  return { kind: "sorter", event: "confirm", parcelIndex, chute };
}

/** Undefined for what is no JSON. */
function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function encodeAssignment({ parcelIndex, chute }: DivertCommand): Uint8Array {
  const assignment = {
    ParcelId: parcelIndex,
    ChuteId: chute,
    AssignedAt: new Date().toISOString(),
    DwsPayload: null,
    Metadata: null,
  };
  return encodeText(`${JSON.stringify(assignment)}\n`);
}

/** The assignment is pushed and not answered: the parcel's end is its only confirmation. */
const createDialect = (options: Options): TelegramDialect => ({
  parse: (frame) => ({ readings: parseLine(frame) }),
  encodeDivert: (command) => succeed({ bytes: encodeAssignment(command), key: String(command.parcelIndex) }),
  answerTimeoutMs: options.completionTimeoutMs,
  confirmsByEnd: true,
  heartbeat: null,
});

export const sorterJson: Family<"sorter", Options> = {
  name: "sorter-json",
  kind: "sorter",
  options: optionsSchema,
  createFramer: (options) => createLineFramer({ terminator: "lf", limitBytes: options.maximumBytes }),
  createDecoder: () => parseLine,
  createSession: (context) => createTelegramSession(context, createDialect(context.options)),
};

export const sorterJsonModels = [
  /** A wheel diverter or cross belt that reports to an upstream rule engine; it may call the station or be called. */
  defineSorter({
    model: "sorter-json",
    vendor: "generic",
    names: ["Sorter, JSON lines over TCP"],
    family: sorterJson,
    confirmed: false,
    source:
      "public ZakYip.WheelDiverterSorter, UPSTREAM_TCP_DATA_EXAMPLES.md; barcode in Metadata.Barcode is a guess; " +
      "no acknowledgement, heartbeat, deadline, jam or full chute in the protocol",
  }),
];
