import { fail, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { defineSorter } from "../kit/define.ts";
import { createLengthFramer } from "../framing/length.ts";
import type { Family } from "../kit/family.ts";
import { decodeLatin1, encodeText, quoteText } from "../kit/text.ts";
import {
  createTelegramSession,
  type Telegram,
  telegramOptions,
  type TelegramDialect,
} from "./telegram-session.ts";

const telegramBytes = 160;
const headBytes = 27;
const name = z.string().regex(/^[\x21-\x29\x2b-\x7e]{1,5}$/);
const code = z.string().regex(/^[0-9A-Z]{8}$/);

const optionsSchema = z.strictObject({
  ...telegramOptions,
  /** Who we are and whom we speak to, five characters at the most. */
  station: name.default("MFC"),
  sorter: name.default("SPS01"),
  /** 20 characters; the run of # is the chute's number. */
  chuteLocation: z
    .string()
    .length(20)
    .regex(/^[^#]*#+[^#]*$/)
    .default("SORTCHUT####00000000"),
  /** What the codes of UPD_ and LOCU mean here; every site has its own. */
  codes: z
    .strictObject({ good: z.array(code), full: code, jam: code, lost: code })
    .default({ good: ["00000000", "00000090"], full: "00000001", jam: "00000002", lost: "00000003" }),
  /** A parcel's way from the answer to its chute, at the most: there is no earlier confirmation. */
  completionTimeoutMs: z.int().min(20).max(120_000).default(15_000),
  /** No telegram for so long: the sorter is gone. It sends SYNQ by itself. */
  silenceMs: z.int().min(50).max(600_000).default(60_000),
});
type Options = z.infer<typeof optionsSchema>;
type Waiting = { readonly barcode: string; readonly location: string };

const rememberedRequests = 1024;
const noRead = /^[?*0]{20}$/;
const refused = (reason: string): Telegram => ({ readings: [{ kind: "refused", reason }] });

/** Latin-1 text of fixed fields; the rest of the 160 is filled with *. */
export const createOsipFramer = () =>
  createLengthFramer({
    headerBytes: 8,
    limitBytes: telegramBytes,
    frameLength: (header) => (decodeLatin1(header) === "###00160" ? telegramBytes : null),
  });

/** The tracking number is the REQ_'s sequence number: OSIP itself knows a parcel by its barcode alone. */
function createDialect(options: Options): TelegramDialect {
  const requests = new Map<number, Waiting>();
  const chutePlace = findChutePlace(options.chuteLocation);
  let sequence = 0;

  const encode = (type: string, payload: string) => {
    sequence = (sequence % 99_999) + 1;
    const head = `###00160${pad(options.station)}${pad(options.sorter)}${digits(sequence, 5)}${type}`;
    return encodeText(`${head}${payload}`.padEnd(telegramBytes, "*"));
  };

  const readRequest = (parcelIndex: number, payload: string): Telegram => {
    const barcode = payload.slice(0, 20);
    requests.delete(parcelIndex);
    requests.set(parcelIndex, { barcode, location: payload.slice(20, 40) });
    const oldest = requests.size > rememberedRequests ? requests.keys().next().value : undefined;
    if (oldest !== undefined) requests.delete(oldest);
    const induct = { kind: "sorter", event: "induct", parcelIndex } as const;
    return { readings: [noRead.test(barcode) ? induct : { ...induct, barcode }] };
  };

  /** The newest parcel of this barcode: an old one with the same has long been sorted. */
  const findParcel = (barcode: string): number | null =>
    [...requests].findLast(([, request]) => request.barcode === barcode)?.[0] ?? null;

  const readUpdate = (payload: string): Telegram => {
    const [barcode, location, status] = [payload.slice(0, 20), payload.slice(20, 40), payload.slice(40, 48)];
    const parcelIndex = findParcel(barcode);
    const chute = chutePlace.read(location);
    const known = { ...(parcelIndex === null ? {} : { parcelIndex }), barcode };
    if (status === options.codes.lost) return { readings: [{ kind: "sorter", event: "lost", ...known }] };
    if (!options.codes.good.includes(status)) return refused(`UPD_ with code ${quoteText(status)}`);
    // somewhere on the way, not at a chute: no event of a sorter
    if (chute === null) return { readings: [] };
    return { readings: [{ kind: "sorter", event: "confirm", ...known, chute }] };
  };

  const readLocation = (payload: string): Telegram => {
    const chute = chutePlace.read(payload.slice(20, 40));
    const status = payload.slice(40, 48);
    if (chute === null) return { readings: [] };
    const { good, full, jam } = options.codes;
    const event = status === full ? "chute-full" : status === jam ? "jam" : null;
    if (event) return { readings: [{ kind: "sorter", event, chute }] };
    if (!good.includes(status)) return refused(`LOCU with code ${quoteText(status)}`);
    return { readings: [{ kind: "sorter", event: "chute-open", chute }] };
  };

  const read = (type: string, number: number, payload: string): Telegram => {
    if (type === "REQ_") return readRequest(number, payload);
    if (type === "UPD_") return readUpdate(payload);
    if (type === "LOCU") return readLocation(payload);
    if (type === "SYNQ")
      return { readings: [{ kind: "sorter", event: "heartbeat" }], answer: encode("SYNC", writeDate()) };
    if (type === "SYSU" || type === "SYNC") return { readings: [] };
    if (type === "ERR_") return refused(`the sorter refused a telegram: ${quoteText(payload.slice(0, 8))}`);
    return refused(`telegram ${quoteText(type)} is not known`);
  };

  return {
    parse: (frame) => {
      const text = decodeLatin1(frame);
      if (!/^[\x20-\x7e]*$/.test(text)) return refused("a telegram with other than plain characters");
      const [sender, number] = [text.slice(8, 13), text.slice(18, 23)];
      if (sender !== pad(options.sorter)) return refused(`a telegram of ${quoteText(sender)}`);
      if (!/^\d{5}$/.test(number)) return refused(`sequence ${quoteText(number)}`);
      return read(text.slice(23, headBytes), Number(number), text.slice(headBytes));
    },
    encodeDivert: ({ parcelIndex, chute }) => {
      const request = requests.get(parcelIndex);
      const target = chutePlace.write(chute);
      if (!target) return fail("sorter.chute-unknown", { chute });
      if (!request) return fail("sorter.unconfirmed", { parcelIndex }, "no request of it is open");
      const payload = `${request.barcode}${request.location}${target}${"*".repeat(20)}00000000${writeDate()}`;
      return succeed({ bytes: encode("RES_", payload), key: String(parcelIndex) });
    },
    answerTimeoutMs: options.completionTimeoutMs,
    confirmsByEnd: true,
    heartbeat: { silenceMs: options.silenceMs, ask: () => null },
  };
}

const pad = (text: string) => text.padEnd(5, "_");
const digits = (value: number, length: number) => String(value).padStart(length, "0");

/** yyyyMMddHHmmss in local time, as the machines on the floor show it. */
function writeDate(): string {
  const now = new Date();
  const rest = [now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes(), now.getSeconds()];
  return `${now.getFullYear()}${rest.map((part) => digits(part, 2)).join("")}`;
}

function findChutePlace(template: string) {
  const start = template.indexOf("#");
  const end = template.lastIndexOf("#") + 1;
  const [before, after] = [template.slice(0, start), template.slice(end)];
  return {
    read: (location: string): number | null => {
      const number = location.slice(start, end);
      const isChute = location.startsWith(before) && location.endsWith(after) && /^\d+$/.test(number);
      return isChute && Number(number) > 0 ? Number(number) : null;
    },
    write: (chute: number): string | null => {
      const number = digits(chute, end - start);
      return number.length === end - start ? `${before}${number}${after}` : null;
    },
  };
}

function createDecoder(options: Options): (frame: Uint8Array) => readonly Reading[] {
  const { parse } = createDialect(options);
  return (frame) => parse(frame).readings;
}

export const osip: Family<"sorter", Options> = {
  name: "osip",
  kind: "sorter",
  options: optionsSchema,
  createFramer: createOsipFramer,
  createDecoder,
  createSession: (context) => createTelegramSession(context, createDialect(context.options)),
};

export const osipModels = [
  /** A conveyor or sorter PLC that reports to a material flow controller by OSIP over TCP. */
  defineSorter({
    model: "osip",
    vendor: "generic",
    names: ["Sorter PLC, OSIP telegrams"],
    family: osip,
    confirmed: false,
    source:
      "public org.openwms.common.comm.osip (telegram layouts, DuplexIT, README); UPD_ layout, codes and chute " +
      "locations are the site's; no acknowledgement of RES_ and no deadline in the protocol",
  }),
];
