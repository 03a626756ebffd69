import { expect, test } from "vitest";
import { belt, bench, inducted, openLane, scan, telegram } from "./lane.test-support.ts";
import { applyViewMessage, laneViewSchema, type LaneView, type StationView } from "./view.ts";
import { viewLane } from "./view-lane.ts";

const view = (lanes: readonly LaneView[]): StationView => ({
  stationId: "station-1",
  bootId: "boot-1",
  lanes: [...lanes],
  devices: [],
  link: { cloud: "online", failure: null, factsRecorded: 1, factsAcknowledged: 0, ordersVisible: 2 },
});

test("a lane's view is what the screen's schema says, and shows each parcel's reasons", () => {
  const lane = openLane(belt);
  lane.send(inducted(1));
  lane.send(telegram(1, "WS1", 350), 300);
  lane.send({ kind: "diverted", parcelIndex: 1, chute: 98 });
  lane.send(inducted(2));
  const shown = viewLane(lane.state());
  expect(laneViewSchema.parse(shown)).toEqual(shown);
  expect(shown.recent).toMatchObject([
    { outcome: "intercepted", size: "50 x 200 x 150", reasons: [{ code: "weight.deviation" }] },
  ]);
  expect(shown.parcels).toMatchObject([{ phase: "gathering", parcelIndex: 2, outcome: null }]);
});

test("a patch replaces its lane and nothing else; a missed one asks for a snapshot", () => {
  const [onBelt, onBench] = [viewLane(openLane(belt).state()), viewLane(openLane(bench).state())];
  const busy = openLane(bench);
  busy.send(scan("WS1"));
  const first = applyViewMessage(null, { kind: "snapshot", revision: 4, view: view([onBelt, onBench]) });
  const next = applyViewMessage(first, { kind: "patch", revision: 5, lanes: [viewLane(busy.state())] });
  expect(next?.view.lanes[0]).toEqual(onBelt);
  expect(next?.view.lanes[1]?.parcels).toHaveLength(1);
  expect(applyViewMessage(next, { kind: "patch", revision: 7 })).toBeNull();
  expect(applyViewMessage(null, { kind: "patch", revision: 1 })).toBeNull();
});
