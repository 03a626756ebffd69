import type { SorterReading } from "@waystation/shared/model/reading";
import {
  eventTypes,
  joinWords,
  layout,
  nextSequence,
  type RegisterMap,
  sequenceDistance,
  type SorterEventType,
} from "./register-map.ts";

/** `sequence`: the number under which the PLC keeps it. */
export type RingEvent = { readonly sequence: number; readonly reading: SorterReading };

/** One read of the PLC's status block. */
export type PlcStatus = {
  readonly heartbeat: number;
  readonly echoedSequence: number;
  readonly result: number;
  /** Events not delivered before, in their order. */
  readonly events: readonly RingEvent[];
  readonly lastEventSequence: number;
  /** Set when events were lost because the ring was written over, or a slot makes no sense. */
  readonly refused: string | null;
};

/**
 * Takes each event of the ring once. `startAfter` is the last event known to be taken: the PLC's acknowledge
 * register after a restart of the station, our own memory after a mere reconnect.
 */
export function createEventRing(map: RegisterMap, startAfter: number) {
  let taken = startAfter;

  return {
    taken: () => taken,
    read: (words: readonly number[]): PlcStatus => {
      const [heartbeat = 0, echoedSequence = 0, result = 0, head = 0] = words;
      // a distance beyond half the circle is a PLC that began to count anew
      const restarted = taken === 0 || sequenceDistance(taken, head) > 32_767;
      const news = restarted ? head : sequenceDistance(taken, head);
      const lost = Math.max(0, news - map.eventSlots);
      const events: RingEvent[] = [];
      let unreadable = 0;
      let sequence = news === 0 ? head : stepBack(head, news - lost);
      for (let step = lost; step < news; step += 1) {
        sequence = nextSequence(sequence);
        const reading = readSlot(words, map, sequence);
        if (reading) events.push({ sequence, reading });
        else unreadable += 1;
      }
      taken = head;
      const missed = lost + unreadable;
      const refused = missed > 0 ? `${missed} sorter events were lost` : null;
      return { heartbeat, echoedSequence, result, events, lastEventSequence: head, refused };
    },
  };
}

const eventsOfChutes: ReadonlySet<SorterEventType> = new Set(["jam", "chute-full", "chute-open"]);

/** Null: the slot holds another event than its number says, e.g. after a restart of the PLC. */
function readSlot(words: readonly number[], map: RegisterMap, sequence: number): SorterReading | null {
  const at = layout.statusHeadWords + (sequence % map.eventSlots) * layout.slotWords;
  const [stored, type = 0, high = 0, low = 0, chute = 0] = words.slice(at, at + layout.slotWords);
  const event: SorterEventType | undefined = eventTypes[type - 1];
  if (stored !== sequence || event === undefined) return null;
  const parcelIndex = joinWords(high, low);
  const reading: SorterReading = { kind: "sorter", event };
  const parcel = eventsOfChutes.has(event) ? {} : { parcelIndex };
  return chute === 0 ? { ...reading, ...parcel } : { ...reading, ...parcel, chute };
}

/** The sequence `count` steps before, across the turn; the one before the first may be 65535 as well as 0. */
const stepBack = (sequence: number, count: number): number =>
  ((((sequence - 1 - count) % 65_535) + 65_535) % 65_535) + 1;
