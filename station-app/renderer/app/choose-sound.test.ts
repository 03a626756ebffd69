import type { ParcelView, StationView } from "@waystation/shared/session/view";
import { expect, test } from "vitest";
import { chooseSound } from "./choose-sound.ts";

const parcel = (
  parcelId: string,
  verdict: ParcelView["verdict"],
  outcome: ParcelView["outcome"] = null,
): ParcelView => ({
  parcelId,
  parcelIndex: null,
  phase: outcome === null ? "diverting" : "ended",
  needs: null,
  barcode: null,
  weightGrams: null,
  size: null,
  orderId: null,
  channelCode: null,
  country: null,
  verdict,
  outcome,
  reasons: [],
  chute: null,
  changedAtMs: 0,
});

const view = (
  parcels: ParcelView[],
  recent: ParcelView[] = [],
  status: "running" | "stopped" = "running",
): StationView => ({
  stationId: "s",
  bootId: "b",
  lanes: [
    {
      laneId: "a",
      profile: "belt",
      status,
      stopReason: null,
      parcels,
      recent,
      counts: { accepted: 0, intercepted: 0, rejected: 0, noRead: 0 },
      deviceIds: [],
    },
  ],
  devices: [],
  link: { cloud: "online", failure: null, factsRecorded: 0, factsAcknowledged: 0, ordersVisible: 0 },
});

test.each([
  ["the first view", null, view([parcel("1", "rejected")]), null],
  ["a parcel accepted", view([parcel("1", null)]), view([parcel("1", "accepted")]), "ok"],
  ["nothing new", view([parcel("1", "accepted")]), view([parcel("1", "accepted")]), null],
  [
    "the same parcel ends as judged",
    view([parcel("1", "accepted")]),
    view([], [parcel("1", "accepted", "accepted")]),
    null,
  ],
  [
    "an accepted parcel ends rejected",
    view([parcel("1", "accepted")]),
    view([], [parcel("1", "accepted", "rejected")]),
    "stop",
  ],
  [
    "stopped and accepted at once: the gravest",
    view([]),
    view([parcel("1", "accepted"), parcel("2", "intercepted")]),
    "warn",
  ],
  ["no read", view([]), view([parcel("1", "no-read")]), "warn"],
  ["a new parcel being measured", view([]), view([parcel("1", null)]), null],
  ["the lane stops", view([]), view([], [], "stopped"), "stop"],
  ["the lane resumes", view([], [], "stopped"), view([]), null],
] as const)("%s", (_name, before, after, expected) => {
  expect(chooseSound(before, after)).toBe(expected);
});
