import {
  eventTypes,
  highWord,
  layout,
  lowWord,
  nextSequence,
  type RegisterMap,
  type SorterEventType,
  trackingStates,
} from "../sorters/register-map.ts";

/** The holding registers of the twin's PLC and the few ways its program touches them. */
export function createPlcMemory(map: RegisterMap) {
  const size = map.tracking + map.trackingEntries * layout.trackingWords;
  const registers = new Uint16Array(size);
  let lastEvent = 0;

  return {
    size,
    read: (address: number, count: number): number[] => {
      const values: number[] = [];
      for (let at = address; at < address + count; at += 1) values.push(registers[at] ?? 0);
      return values;
    },
    write: (address: number, values: readonly number[]) => registers.set(values, address),
    beat: () => {
      registers[map.status] = (registers[map.status] ?? 0) + 1;
    },
    echo: (sequence: number, result: number) => registers.set([sequence, result], map.status + 1),
    lastEventSequence: () => lastEvent,
    pushEvent: (type: SorterEventType, parcelIndex: number, chute: number) => {
      lastEvent = nextSequence(lastEvent);
      const slot = map.status + layout.statusHeadWords + (lastEvent % map.eventSlots) * layout.slotWords;
      const code = eventTypes.indexOf(type) + 1;
      registers.set([lastEvent, code, highWord(parcelIndex), lowWord(parcelIndex), chute], slot);
      registers[map.status + 3] = lastEvent;
    },
    track: (parcelIndex: number, state: (typeof trackingStates)[number], chute: number) => {
      const entry = map.tracking + (parcelIndex % map.trackingEntries) * layout.trackingWords;
      const code = trackingStates.indexOf(state);
      registers.set([highWord(parcelIndex), lowWord(parcelIndex), code, chute], entry);
    },
  };
}
