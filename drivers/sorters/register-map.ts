import { z } from "zod";
import { maximumReadRegisters } from "../framing/modbus-tcp.ts";

const address = z.int().min(0).max(65_535);

/**
 * Where a PLC keeps what, as data: the same page is handed to the PLC's programmer. Holding registers, 16 bits,
 * pairs high word first. "Sequence" registers count 1..65535 and then 1 again; 0 is "never".
 *
 *   command          parcelIndex (2), chute, deadlineMs (2), sequence        written by the station; 0 withdraws a
 *                    number that was not echoed
 *   acknowledged     last event the station has taken                        written by the station
 *   stationHeartbeat changes every heartbeatMs                               written by the station
 *   status           plcHeartbeat, echoed sequence, its result, last event sequence, then the event ring:
 *                    slots of sequence, type, parcelIndex (2), chute; event n lies in slot n mod slots
 *                    types: 1 induct, 2 confirm, 3 lost, 4 jam, 5 chute-full, 6 chute-open
 *                    (15 or 17 slots divide 65535: then no two neighbours share a slot at the turn)
 *   tracking         entries of parcelIndex (2), state, chute; a parcel lies in entry parcelIndex mod entries
 */
export const registerMapSchema = z.strictObject({
  command: address,
  acknowledged: address,
  stationHeartbeat: address,
  status: address,
  eventSlots: z
    .int()
    .min(1)
    .max(Math.floor((maximumReadRegisters - 4) / 5)),
  tracking: address,
  trackingEntries: z.int().min(1).max(16_384),
});
export type RegisterMap = z.infer<typeof registerMapSchema>;

export const defaultRegisterMap: RegisterMap = {
  command: 0,
  acknowledged: 6,
  stationHeartbeat: 7,
  status: 100,
  eventSlots: 15,
  tracking: 1000,
  trackingEntries: 1024,
};

/** Registers the station may write; nothing else is ever sent, whatever the map says. */
export const writableRangeSchema = z.strictObject({ address, count: z.int().min(1).max(123) });
export type WritableRange = z.infer<typeof writableRangeSchema>;
export const defaultWritable: readonly WritableRange[] = [{ address: 0, count: 8 }];

export const layout = {
  commandDataWords: 5,
  commandWords: 6,
  statusHeadWords: 4,
  slotWords: 5,
  trackingWords: 4,
} as const;

/** What the PLC says to a command, in the result register. */
export const commandResults = { accepted: 1, late: 2, unknownParcel: 3, unknownChute: 4 } as const;

export const eventTypes = ["induct", "confirm", "lost", "jam", "chute-full", "chute-open"] as const;
export type SorterEventType = (typeof eventTypes)[number];

/** Register values of the tracking table's state column; 0 is an empty entry. */
export const trackingStates = ["unknown-parcel", "unassigned", "assigned", "confirmed", "lost"] as const;

export const highWord = (value: number): number => (value >>> 16) & 0xffff;
export const lowWord = (value: number): number => value & 0xffff;
export const joinWords = (high: number, low: number): number => high * 65_536 + low;

/** 1, 2 ... 65535, 1 ...: zero stays free for "never". */
export const nextSequence = (sequence: number): number => (sequence % 65_535) + 1;
/** Steps from one sequence to a later one, across the turn. */
export const sequenceDistance = (from: number, to: number): number =>
  (((to - from) % 65_535) + 65_535) % 65_535;
