import { z } from "zod";
import { createLengthFramer } from "../../framing/length.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { beltOptions, type BeltEvent, type SorterTwinState } from "../sorter-belt.ts";
import type { Twin, TwinDeps } from "../twin.ts";
import { type Heard, startTelegramTwin } from "./telegram-twin.ts";

const optionsSchema = z.strictObject(beltOptions);

/** Codes and places as the family's defaults have them. */
const codes = { good: "00000000", full: "00000001", jam: "00000002", lost: "00000003" } as const;
const scanner = "FGINIPNT000100000000";
const group = "SORTER".padEnd(20, "*");
const date = "20131123225959";

/** A PLC that asks a material flow controller where to. A parcel's number is that of its request. */
export async function startOsipTwin(
  input: z.input<typeof optionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const barcodes = new Map<number, string>();
  const telegrams = {
    createFramer: () =>
      createLengthFramer({
        headerBytes: 3,
        limitBytes: 160,
        frameLength: ([mark]) => (mark === 0x23 ? 160 : null),
      }),
    encodeEvent: (event: BeltEvent, sequence: number) => encodeEvent(event, sequence, barcodes),
    encodeHeartbeat: (sequence: number) => encode(sequence, "SYNQ", date),
    hear: (frame: Uint8Array) => hear(decodeLatin1(frame), barcodes),
    repeatMs: null,
  };
  return await startTelegramTwin(telegrams, optionsSchema.parse(input), deps);
}

function encode(sequence: number, type: string, payload: string): Uint8Array {
  const number = `0000${sequence}`.slice(-5);
  return encodeText(`###00160SPS01MFC__${number}${type}${payload}${"*".repeat(160)}`.slice(0, 160));
}

const placeOf = (chute: number) => `SORTCHUT${`000${chute}`.slice(-4)}00000000`;

function encodeEvent(
  { type, parcelIndex, chute, barcode }: BeltEvent,
  sequence: number,
  barcodes: Map<number, string>,
): Uint8Array {
  if (type === "induct") {
    const code = (barcode ?? String(parcelIndex)).padStart(20, "0");
    barcodes.set(parcelIndex, code);
    // its request's number is the parcel's
    return encode(parcelIndex, "REQ_", `${code}${scanner}${"?".repeat(20)}00000090${date}`);
  }
  if (type === "confirm" || type === "lost") {
    const code = barcodes.get(parcelIndex) ?? "?".repeat(20);
    const place = type === "lost" ? scanner : placeOf(chute);
    return encode(sequence, "UPD_", `${code}${place}${type === "lost" ? codes.lost : codes.good}${date}`);
  }
  const status = type === "jam" ? codes.jam : type === "chute-full" ? codes.full : codes.good;
  return encode(sequence, "LOCU", `${group}${placeOf(chute)}${status}${date}`);
}

function hear(text: string, barcodes: ReadonlyMap<number, string>): Heard {
  const type = text.slice(23, 27);
  if (type === "SYNC") return { heard: "heartbeat" };
  if (type !== "RES_") return { heard: "nothing" };
  const code = text.slice(27, 47);
  const chute = Number(text.slice(67, 87).slice(8, 12));
  const parcelIndex = [...barcodes].find(([, known]) => known === code)?.[0] ?? 0;
  return { heard: "assignment", parcelIndex, chute, deadlineMs: null, answer: null };
}
