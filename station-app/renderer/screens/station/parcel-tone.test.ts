import type { LaneView, ParcelView } from "@waystation/shared/session/view";
import { expect, test } from "vitest";
import { barcodeTarget, clearTarget, labelTarget, parcelTone, pickParcel } from "./parcel-tone.ts";

const parcel = (parcelId: string, change: Partial<ParcelView> = {}): ParcelView => ({
  parcelId,
  parcelIndex: null,
  phase: "gathering",
  needs: null,
  barcode: null,
  weightGrams: null,
  size: null,
  orderId: null,
  channelCode: null,
  country: null,
  verdict: null,
  outcome: null,
  reasons: [],
  chute: null,
  changedAtMs: 0,
  ...change,
});

const lane = (change: Partial<LaneView>): LaneView => ({
  laneId: "lane",
  profile: "belt",
  status: "running",
  stopReason: null,
  parcels: [],
  recent: [],
  counts: { accepted: 0, intercepted: 0, rejected: 0, noRead: 0 },
  deviceIds: [],
  ...change,
});

const judged = (parcelId: string) => parcel(parcelId, { phase: "diverting", verdict: "accepted" });
const ended = parcel("ended", { phase: "ended", verdict: "accepted", outcome: "accepted" });
const asking = parcel("asking", { phase: "waiting", needs: "barcode" });

test("the outcome is worse news than the verdict, and a question comes before both", () => {
  expect(parcelTone(parcel("a"))).toBe("working");
  expect(parcelTone(judged("a"))).toBe("accepted");
  expect(parcelTone(parcel("a", { verdict: "accepted", outcome: "rejected" }))).toBe("rejected");
  expect(parcelTone(parcel("a", { phase: "waiting", verdict: "accepted" }))).toBe("question");
});

test.each([
  ["nothing yet", lane({}), undefined],
  [
    "belt: the newest that is judged, not the one being measured",
    lane({ parcels: [judged("1"), judged("2"), parcel("3")], recent: [ended] }),
    "2",
  ],
  [
    "belt: the last one that ended while the next is measured",
    lane({ parcels: [parcel("3")], recent: [ended] }),
    "ended",
  ],
  ["belt: the first parcel of the day", lane({ parcels: [parcel("3")] }), "3"],
  [
    "bench: the one that lies there, not the last one's verdict",
    lane({ profile: "bench", parcels: [parcel("3")], recent: [ended] }),
    "3",
  ],
  ["bench: the last one until the next comes", lane({ profile: "bench", recent: [ended] }), "ended"],
  ["the one that waits for a person comes first", lane({ parcels: [asking, judged("2")] }), "asking"],
])("big panel, %s", (_name, view, expected) => {
  expect(pickParcel(view)?.parcelId).toBe(expected);
});

test("a barcode is typed for the parcel that asks; a bench can start one; a stopped lane cannot", () => {
  expect(barcodeTarget(lane({ parcels: [judged("1"), asking] }))).toEqual({ parcelId: "asking" });
  expect(barcodeTarget(lane({ parcels: [parcel("1")] }))).toBeNull();
  expect(barcodeTarget(lane({ profile: "bench" }))).toEqual({ parcelId: null });
  expect(barcodeTarget(lane({ profile: "bench", parcels: [parcel("1")] }))).toEqual({ parcelId: "1" });
  expect(barcodeTarget(lane({ profile: "bench", parcels: [asking], status: "stopped" }))).toBeNull();
});

test("only a waiting parcel can be taken away, only an asked label answered", () => {
  expect(clearTarget(lane({ parcels: [judged("1"), asking] }))).toBe("asking");
  expect(clearTarget(lane({ parcels: [judged("1")] }))).toBeNull();
  expect(
    labelTarget(lane({ parcels: [asking, parcel("2", { phase: "waiting", needs: "label-answer" })] })),
  ).toBe("2");
  expect(labelTarget(lane({ parcels: [asking] }))).toBeNull();
});
