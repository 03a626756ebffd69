import fc from "fast-check";
import { expect, test } from "vitest";
import { createPlcMemory } from "../twins/plc-memory.ts";
import { createEventRing } from "./event-ring.ts";
import { defaultRegisterMap as map, layout, nextSequence, sequenceDistance } from "./register-map.ts";

const statusWords = layout.statusHeadWords + map.eventSlots * layout.slotWords;

function setUp(startAfter = 0) {
  const plc = createPlcMemory(map);
  const ring = createEventRing(map, startAfter);
  const read = () => ring.read(plc.read(map.status, statusWords));
  const indexes = () => read().events.map(({ reading }) => reading.parcelIndex);
  return { plc, ring, read, indexes };
}

test("sequences count 1 to 65535 and begin anew; distances go across the turn", () => {
  expect(nextSequence(0)).toBe(1);
  expect(nextSequence(65_535)).toBe(1);
  expect(sequenceDistance(65_535, 1)).toBe(1);
  expect(sequenceDistance(7, 7)).toBe(0);
});

test("whatever the rhythm of events and polls, each event is delivered once or counted as lost", () => {
  const rhythm = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(rhythm, (bursts) => {
      const { plc, read } = setUp();
      let parcelIndex = 0;
      let delivered = 0;
      for (const burst of bursts) {
        for (let event = 0; event < burst; event += 1) plc.pushEvent("induct", ++parcelIndex, 0);
        const { events, refused } = read();
        const lost = Math.max(0, burst - map.eventSlots);
        expect(events.map(({ reading }) => reading.parcelIndex)).toEqual(
          Array.from({ length: burst - lost }, (_, place) => delivered + lost + place + 1),
        );
        expect(refused).toBe(lost === 0 ? null : `${lost} sorter events were lost`);
        delivered += burst;
      }
    }),
    { numRuns: 100 },
  );
});

test("across the turn from 65535 to 1 no event is lost, doubled or invented", () => {
  const { plc, ring, read, indexes } = setUp();
  for (let event = 1; event <= 65_530; event += 1) {
    plc.pushEvent("induct", event, 0);
    if (event % 10 === 0) read();
  }
  expect(ring.taken()).toBe(65_530);
  for (let event = 1; event <= 12; event += 1) plc.pushEvent("confirm", event, 1);
  expect(indexes()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(ring.taken()).toBe(7);
  expect(indexes()).toEqual([]);
});

test("after a restart only what was not acknowledged is delivered", () => {
  const { plc, indexes } = setUp(2);
  for (let event = 1; event <= 5; event += 1) plc.pushEvent("induct", event, 0);
  expect(indexes()).toEqual([3, 4, 5]);
});

test("a PLC that began to count anew is heard from its first event", () => {
  const { plc, indexes, read } = setUp(500);
  expect(read()).toMatchObject({ events: [], refused: null });
  plc.pushEvent("induct", 1, 0);
  plc.pushEvent("induct", 2, 0);
  expect(indexes()).toEqual([1, 2]);
});

test("a slot that holds another event than its number says is counted as lost, never delivered", () => {
  const { plc, read } = setUp();
  plc.pushEvent("induct", 11, 0);
  plc.pushEvent("induct", 12, 0);
  const slotOfFirst = map.status + layout.statusHeadWords + layout.slotWords;
  plc.write(slotOfFirst, [16]);
  const { events, refused } = read();
  expect(events.map(({ reading }) => reading.parcelIndex)).toEqual([12]);
  expect(refused).toBe("1 sorter events were lost");
});
