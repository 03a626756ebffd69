import { succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { defineSorter } from "../kit/define.ts";
import { createLengthFramer } from "../framing/length.ts";
import type { Family } from "../kit/family.ts";
import { decodeUtf8, encodeText, quoteText } from "../kit/text.ts";
import {
  createTelegramSession,
  type Telegram,
  telegramOptions,
  type TelegramDialect,
} from "./telegram-session.ts";

const fieldName = z.string().min(1).max(40);

const optionsSchema = z.strictObject({
  ...telegramOptions,
  vendorId: z.int().min(0).max(32_767).default(1),
  deviceType: z.int().min(0).max(127).default(1),
  deviceNo: z.string().max(64).default("WCS"),
  /** The bodies are not public: each name can be set to what the site's agreement says. */
  fields: z
    .strictObject({
      parcel: fieldName,
      barcode: fieldName,
      chute: fieldName,
      status: fieldName,
      /** Absent: no deadline is sent. */
      deadline: fieldName.optional(),
    })
    .default({ parcel: "taskNo", barcode: "barcode", chute: "cellNo", status: "status" }),
  chuteStatus: z.strictObject({ open: z.int(), full: z.int() }).default({ open: 1, full: 2 }),
  /** Recommended is 300 ms and three repetitions; a divert is never repeated, so it waits longer. */
  answerTimeoutMs: z.int().min(20).max(10_000).default(1000),
  /** A heartbeat comes every 5 s, 30 s of silence end the connection. */
  silenceMs: z.int().min(50).max(120_000).default(30_000),
});
type Options = z.infer<typeof optionsSchema>;

const magic = 20_230_101;
const headBytes = 32;
const limitBytes = 8191;
const acknowledged = 1000;
const types = { heartbeat: 1, scan: 2, assign: 3, result: 4, chuteStatus: 5, deviceStatus: 7 } as const;
const deviceFault = 2;

/** Big-endian: i32 magic, i16 type, i32 sequence, i32 length, i8 version, i8 format, i16 vendor, i8 device, i8 ack, i64 time. */
export const createJdWcsFramer = () =>
  createLengthFramer({
    headerBytes: 14,
    limitBytes,
    frameLength: (header) => {
      const view = toView(header);
      const length = view.getInt32(10);
      return view.getInt32(0) === magic && length >= 0 && length <= limitBytes - headBytes
        ? headBytes + length
        : null;
    },
  });

const toView = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

type Message = {
  readonly type: number;
  readonly sequence: number;
  readonly wantsAcknowledgement: boolean;
  readonly body: Readonly<Record<string, unknown>>;
};

/** A reason instead of a message that is not understood whole. */
function readMessage(frame: Uint8Array): Message | string {
  const view = toView(frame);
  if (view.getInt8(14) !== 2) return `protocol version ${view.getInt8(14)}`;
  if (view.getInt8(15) !== 1) return `data format ${view.getInt8(15)}`;
  const body = readBody(frame.subarray(headBytes));
  if (!body) return "the body is no JSON object";
  return {
    type: view.getInt16(4),
    sequence: view.getInt32(6),
    wantsAcknowledgement: view.getInt8(19) === 1,
    body,
  };
}

function readBody(bytes: Uint8Array): Readonly<Record<string, unknown>> | null {
  const text = decodeUtf8(bytes);
  try {
    const parsed = z.record(z.string(), z.unknown()).safeParse(JSON.parse(text ?? ""));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function createDialect(options: Options): TelegramDialect {
  const { fields } = options;
  let sequence = 0;

  const encode = (type: number, number: number, needsAnswer: boolean, body: object): Uint8Array => {
    const json = encodeText(JSON.stringify(body));
    const bytes = new Uint8Array(headBytes + json.length);
    const view = toView(bytes);
    view.setInt32(0, magic);
    view.setInt16(4, type);
    view.setInt32(6, number);
    view.setInt32(10, json.length);
    view.setInt8(14, 2);
    view.setInt8(15, 1);
    view.setInt16(16, options.vendorId);
    view.setInt8(18, options.deviceType);
    view.setInt8(19, needsAnswer ? 1 : 0);
    view.setBigInt64(20, BigInt(Date.now()));
    bytes.set(json, headBytes);
    return bytes;
  };

  const acknowledge = ({ type, sequence: number }: Message) =>
    encode(type + acknowledged, number, false, { deviceNo: options.deviceNo, code: 1 });

  const read = (message: Message): Telegram => {
    const { type, body } = message;
    if (type === types.assign + acknowledged)
      return { readings: [], outcome: { key: String(message.sequence), isAccepted: body.code === 1 } };
    if (type >= acknowledged) return { readings: [] };
    const readings = readEvent(message, options);
    if (!message.wantsAcknowledgement) return { readings };
    if (type === types.heartbeat) return { readings, answer: acknowledge(message) };
    // the number of an event tells its repetition, whatever its type
    return { readings, acknowledgement: { sequence: message.sequence, bytes: acknowledge(message) } };
  };

  return {
    parse: (frame) => {
      const message = readMessage(frame);
      if (typeof message !== "string") return read(message);
      return { readings: [{ kind: "refused", reason: message }] };
    },
    encodeDivert: ({ parcelIndex, chute, deadlineMs }) => {
      sequence = (sequence % 0x7fff_ffff) + 1;
      const deadline = fields.deadline === undefined ? {} : { [fields.deadline]: deadlineMs };
      const body = {
        deviceNo: options.deviceNo,
        [fields.parcel]: parcelIndex,
        [fields.chute]: chute,
        ...deadline,
      };
      return succeed({ bytes: encode(types.assign, sequence, true, body), key: String(sequence) });
    },
    answerTimeoutMs: options.answerTimeoutMs,
    confirmsByEnd: false,
    // the device beats by itself and hears our acknowledgement; it has no answer to a heartbeat of ours
    heartbeat: { silenceMs: options.silenceMs, ask: () => null },
  };
}

function readEvent({ type, body }: Message, options: Options): readonly Reading[] {
  const { fields } = options;
  const parcelIndex = readNumber(body[fields.parcel]);
  const chute = readNumber(body[fields.chute]);
  const atChute = chute === null ? {} : { chute };
  const refuse = (what: string): readonly Reading[] => [
    { kind: "refused", reason: `message ${type}: ${what} in ${quoteText(JSON.stringify(body))}` },
  ];
  if (type === types.heartbeat) return [{ kind: "sorter", event: "heartbeat" }];
  if (type === types.scan) {
    if (parcelIndex === null) return refuse("no parcel");
    const barcode = readBarcode(body[fields.barcode]);
    return [{ kind: "sorter", event: "induct", parcelIndex, ...(barcode === null ? {} : { barcode }) }];
  }
  if (type === types.result) {
    const isLost = body[fields.chute] === 0;
    if (parcelIndex === null || (chute === null && !isLost)) return refuse("no parcel or no chute");
    return [{ kind: "sorter", event: isLost ? "lost" : "confirm", parcelIndex, ...atChute }];
  }
  if (type === types.chuteStatus) {
    const status = body[fields.status];
    const event = status === options.chuteStatus.full ? "chute-full" : "chute-open";
    if (chute === null || (event === "chute-open" && status !== options.chuteStatus.open))
      return refuse("no chute or an unknown status");
    return [{ kind: "sorter", event, chute }];
  }
  if (type !== types.deviceStatus) return refuse("type not known");
  return body.deviceStatus === deviceFault ? [{ kind: "sorter", event: "jam", ...atChute }] : [];
}

/** Positive whole numbers; a result with chute 0 is a lost parcel. */
const readNumber = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : null;

/** A list, of which the first counts; "noread" is none. */
function readBarcode(value: unknown): string | null {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== "string" || first === "" || first.toLowerCase() === "noread") return null;
  return first;
}

function createDecoder(options: Options): (frame: Uint8Array) => readonly Reading[] {
  const { parse } = createDialect(options);
  return (frame) => parse(frame).readings;
}

export const jdWcs: Family<"sorter", Options> = {
  name: "jd-wcs",
  kind: "sorter",
  options: optionsSchema,
  createFramer: createJdWcsFramer,
  createDecoder,
  createSession: (context) => createTelegramSession(context, createDialect(context.options)),
};

export const jdWcsModels = [
  /** A cross-belt or narrow-belt sorter that reports to a WCS; it calls the station. */
  defineSorter({
    model: "jd-wcs",
    vendor: "generic",
    names: ["Sorter after JD's WCS protocol, version 2"],
    family: jdWcs,
    confirmed: false,
    source:
      "public XinBeiYang code: header, types, acknowledgement and heartbeat; the bodies of scan, assignment, " +
      "result and chute status are not public, their field names and codes are guesses to be set",
  }),
];
