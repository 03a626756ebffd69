import type { ParcelView, StationView } from "@waystation/shared/session/view";
import { accepted, makeDevice, makeLane, makeParcel, makeView } from "./scripted-station.ts";

export const waits = (change: Partial<ParcelView>) => makeParcel({ phase: "waiting", ...change });
export const manyReasons: ParcelView["reasons"] = [
  {
    code: "weight.deviation",
    details: { declaredGrams: 842, weighedGrams: 1310, deviationGrams: 468, allowedGrams: 50 },
  },
  { code: "channel.country", details: { channelCode: "EUB-FR", country: "CH" } },
];
const recent = [
  makeParcel({ phase: "ended", verdict: "accepted", outcome: "rejected", chute: 99 }),
  makeParcel({ phase: "ended", verdict: "no-read", outcome: "no-read", barcode: null, chute: 99 }),
];
export const paperOut = { code: "printer.paper-out", details: { device: "printer-1" } };
/** What a screen can have to show, each by a name. */
export const states: Readonly<Record<string, StationView>> = {
  empty: makeView(),
  accepted: makeView([
    makeLane({ parcels: [accepted(), makeParcel({ barcode: null, weightGrams: null, size: null })], recent }),
  ]),
  "stopped, with reasons": makeView([
    makeLane({ parcels: [accepted({ verdict: "intercepted", chute: 190, reasons: manyReasons })], recent }),
  ]),
  "two lanes, devices in trouble, cloud away": makeView(
    [
      makeLane({
        parcels: [
          accepted({
            verdict: "rejected",
            reasons: [{ code: "order.unknown", details: { barcode: "LP1" } }],
          }),
        ],
        recent,
      }),
      makeLane({
        laneId: "lane-2",
        parcels: [accepted({ verdict: "no-read", barcode: null, chute: 99, reasons: manyReasons })],
        recent,
      }),
    ],
    {
      devices: [
        makeDevice("scale", { state: "connecting" }),
        makeDevice("printer", { state: "faulted", failure: paperOut }),
        makeDevice("sorter"),
      ],
      link: {
        cloud: "offline",
        failure: null,
        factsRecorded: 1204,
        factsAcknowledged: 877,
        ordersVisible: 318,
      },
    },
  ),
  "two lanes: a question, and a stopped bench": makeView([
    makeLane({
      parcels: [
        waits({
          needs: "label-answer",
          verdict: "accepted",
          chute: 12,
          reasons: [{ code: "label.unknown", details: {} }],
        }),
      ],
      recent,
    }),
    makeLane({
      laneId: "bench-1",
      profile: "bench",
      status: "stopped",
      stopReason: "operator",
      parcels: [waits({ needs: "barcode", barcode: null })],
      recent,
    }),
  ]),
  "faulted, and measuring": makeView([
    makeLane({
      profile: "bench",
      status: "faulted",
      stopReason: "assertion failed",
      parcels: [makeParcel({ barcode: null })],
    }),
  ]),
  "three lanes": makeView(
    ["a", "b", "c"].map((laneId) => makeLane({ laneId, parcels: [accepted()], recent })),
  ),
};
