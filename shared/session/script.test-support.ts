import fc from "fast-check";
import { makeReason, type ReasonCode } from "../decision/reasons.ts";
import { type FailureCode, failureCatalog } from "../failures/catalog.ts";
import type { Failure } from "../failures/result.ts";
import {
  divertCommandId,
  type Effect,
  labelJobId,
  type RecoveredParcel,
  type SessionEvent,
} from "./events.ts";
import { belt, bench, inducted, type Lane, openLane, profiles, scan, telegram } from "./lane.test-support.ts";
import type { LaneProfile } from "./state.ts";

/** Scripts for a lane: mostly a plausible day, now and then nonsense. */

const parcelId = fc.constantFrom("p1", "p2", "p3", "p4", "r1", "nobody");
const parcelIndex = fc.constantFrom(1, 2, 3, 4, 999);
const chute = fc.constantFrom(3, 4, 5, 98, 99);
const barcode = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("WS1", "WS2", "WS3", "unknown") },
  { weight: 1, arbitrary: fc.constantFrom("", "x".repeat(512), "x".repeat(513), "\u0000\ud800") },
);
const grams = fc.constantFrom(200, 200, 205, 350, 0, -5);
const failure: fc.Arbitrary<Failure> = fc
  .constantFrom(...(Object.keys(failureCatalog) as FailureCode[]))
  .map((code) => ({ code, details: { device: "device" }, cause: "said so" }));
const labelResult = fc.oneof(
  fc.record({
    outcome: fc.constant("printed" as const),
    odometer: fc.option(fc.integer({ min: 0, max: 9 })),
  }),
  fc.record({ outcome: fc.constantFrom("failed" as const, "unknown" as const), failure }),
);
const divertState = fc.oneof(
  fc.record({ state: fc.constantFrom("unknown-parcel" as const, "unassigned" as const, "lost" as const) }),
  fc.record({ state: fc.constantFrom("assigned" as const, "confirmed" as const), chute }),
);
const millimetres = fc.constantFrom(50, 60, 150, 200, 400);
const reading = fc.oneof(
  fc.record(
    { kind: fc.constant("scan" as const), data: barcode, symbology: fc.constant("qr"), parcelIndex },
    { requiredKeys: ["kind", "data", "symbology"] },
  ),
  fc.record(
    {
      kind: fc.constant("weight" as const),
      state: fc.constantFrom("stable" as const, "motion" as const, "fault" as const),
      net: fc.boolean(),
      weightGrams: grams,
      parcelIndex,
    },
    { requiredKeys: ["kind", "state", "net"] },
  ),
  fc.record(
    {
      kind: fc.constant("size" as const),
      lengthMillimetres: millimetres,
      widthMillimetres: millimetres,
      heightMillimetres: millimetres,
      weightGrams: grams,
      barcode,
      noRead: fc.boolean(),
      parcelIndex,
    },
    { requiredKeys: ["kind"] },
  ),
);
const anyEvent: fc.Arbitrary<SessionEvent> = fc.oneof(
  parcelIndex.map(inducted),
  parcelIndex.map((index) => ({ ...inducted(index), isLate: true })),
  fc.record({ kind: fc.constant("reading" as const), deviceId: fc.constant("dws"), reading }),
  fc.record({
    kind: fc.constant("manual-barcode" as const),
    parcelId: fc.option(parcelId),
    data: barcode,
    operatorId: fc.constant("op"),
  }),
  fc.record({
    kind: fc.constant("weight-answered" as const),
    parcelId,
    deviceId: fc.constant("scale"),
    weightGrams: fc.option(grams),
    failure: fc.constant(null),
  }),
  fc.record({ kind: fc.constant("printer-granted" as const), parcelId, odometer: fc.option(fc.nat(9)) }),
  fc.record({
    kind: fc.constant("label-outcome" as const),
    jobId: parcelId.map(labelJobId),
    result: labelResult,
  }),
  fc.record({
    kind: fc.constant("label-answered" as const),
    parcelId,
    printed: fc.boolean(),
    operatorId: fc.constant("op"),
  }),
  fc.record({
    kind: fc.constant("divert-failed" as const),
    commandId: fc.oneof(parcelId.map(divertCommandId), fc.constantFrom("", "p1")),
    failure,
  }),
  fc.record({ kind: fc.constant("diverted" as const), parcelIndex, chute }),
  fc.record({ kind: fc.constant("lost" as const), parcelIndex }),
  fc.record({ kind: fc.constant("divert-state" as const), parcelId, state: divertState }),
  fc.record({ kind: fc.constant("chute-full" as const), chute, full: fc.boolean() }),
  fc.record({ kind: fc.constant("cleared" as const), parcelId, operatorId: fc.constant("op") }),
  fc.record({
    kind: fc.constant("stopped" as const),
    reason: fc.constant("jam"),
    operatorId: fc.constant("op"),
  }),
  fc.record({ kind: fc.constant("resumed" as const), operatorId: fc.constant("op") }),
  fc.constant({ kind: "ticked" as const }),
);

type Recovered = Omit<RecoveredParcel, "parcelId">;

/** As the facts would tell it: what was asked of a device was judged before. */
const recovered: fc.Arbitrary<Recovered> = fc
  .record({
    parcelIndex: fc.constantFrom(51, 52, 53),
    barcode: fc.option(fc.constantFrom("WS1", "WS3", "unknown")),
    weightGrams: fc.option(grams),
    size: fc.option(fc.constant({ lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 })),
    how: fc.constantFrom(
      "unjudged" as const,
      "accepted" as const,
      "rejected" as const,
      "of-tomorrow" as const,
    ),
    label: fc.constantFrom(
      "none" as const,
      "requested" as const,
      "printed" as const,
      "failed" as const,
      "unknown" as const,
    ),
    odometerBefore: fc.option(fc.nat(9)),
    divert: fc.constantFrom("none" as const, "requested" as const, "failed" as const),
  })
  .map(({ how, label, divert, ...found }) => ({
    ...found,
    ...judgedAs[how],
    label: how === "accepted" ? label : "none",
    labelJob: null,
    divert: how === "unjudged" ? "none" : divert,
  }));

/** The last one bears a reason that only a newer version of the station knows. */
const judgedAs: Readonly<
  Record<
    "unjudged" | "accepted" | "rejected" | "of-tomorrow",
    Pick<Recovered, "verdict" | "reasons" | "chute" | "orderId">
  >
> = {
  unjudged: { verdict: null, reasons: [], chute: null, orderId: null },
  accepted: { verdict: "accepted", reasons: [], chute: 3, orderId: "order-1" },
  rejected: {
    verdict: "rejected",
    reasons: [makeReason("order.duplicate", { orderId: "order-1" })],
    chute: 99,
    orderId: "order-1",
  },
  "of-tomorrow": {
    verdict: "rejected",
    reasons: [{ code: "order.of-tomorrow" as ReasonCode, details: {} }],
    chute: 99,
    orderId: null,
  },
};

type Line =
  | { readonly say: "event"; readonly event: SessionEvent; readonly afterMs: number }
  /** A parcel comes: trigger, then its readings. */
  | {
      readonly say: "parcel";
      readonly index: number;
      readonly barcode: string;
      readonly indexed: boolean;
      /** One telegram, or a reading each for barcode, weight and size, the weight twice and not the same. */
      readonly inPieces: boolean;
      readonly afterMs: number;
    }
  /** A device answers one of the effects nobody has answered for good; a stutterer may say it again, or otherwise. */
  | {
      readonly say: "answer";
      readonly which: number;
      readonly how: number;
      readonly stutters: boolean;
      readonly afterMs: number;
    };

const afterMs = fc.constantFrom(0, 1, 300, 1000, 2500, 11_000);
const line: fc.Arbitrary<Line> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({
      say: fc.constant("event" as const),
      event: fc.constant({ kind: "ticked" as const }),
      afterMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ say: fc.constant("event" as const), event: anyEvent, afterMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      say: fc.constant("parcel" as const),
      index: fc.integer({ min: 1, max: 9 }),
      barcode: fc.constantFrom("WS1", "WS2", "WS3", "unknown"),
      indexed: fc.boolean(),
      inPieces: fc.boolean(),
      afterMs,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      say: fc.constant("answer" as const),
      which: fc.nat(5),
      how: fc.nat(9),
      stutters: fc.boolean(),
      afterMs: fc.constantFrom(0, 10, 300),
    }),
  },
);
export type Script = {
  readonly profile: LaneProfile;
  readonly recovered: readonly Recovered[];
  readonly lines: readonly Line[];
};
export const anyScript: fc.Arbitrary<Script> = fc.record({
  profile: fc.constantFrom(...profiles, belt, bench),
  recovered: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(recovered, { minLength: 1, maxLength: 3 }) },
  ),
  lines: fc.array(line, { maxLength: 40, size: "max" }),
});

/** What was under way comes back before anything else happens, each parcel once: that is how the core starts. */
export function play({ profile, recovered: found, lines }: Script): Lane {
  const lane = openLane(profile);
  found.forEach((parcel, at) => {
    lane.send({ kind: "recovered", parcel: { ...parcel, parcelId: `r${at + 1}` } });
  });
  for (const said of lines) playLine(lane, said);
  return lane;
}

const piecesOf = (index: number | undefined, data: string): SessionEvent[] => {
  const at = index === undefined ? {} : { parcelIndex: index };
  const weight = { kind: "weight", state: "stable", net: false, ...at } as const;
  const size = {
    kind: "size",
    lengthMillimetres: 200,
    widthMillimetres: 150,
    heightMillimetres: 50,
    ...at,
  } as const;
  const readings = [
    { ...weight, weightGrams: 200 },
    { ...weight, weightGrams: 205 },
    { kind: "scan", data, symbology: "code-128", ...at } as const,
    size,
  ];
  return readings.map((reading) => ({ kind: "reading", deviceId: "gate", reading }));
};

function playLine(lane: Lane, said: Line): void {
  switch (said.say) {
    case "event":
      lane.send(said.event, said.afterMs);
      return;
    case "parcel":
      if (lane.trace().profile.kind === "bench") lane.send(scan(said.barcode), said.afterMs);
      else {
        lane.send(inducted(said.index), said.afterMs);
        const index = said.indexed ? said.index : undefined;
        if (said.inPieces) for (const piece of piecesOf(index, said.barcode)) lane.send(piece, 100);
        else lane.send(telegram(index, said.barcode), 300);
      }
      return;
    case "answer": {
      const at = said.which % Math.max(1, lane.open.length);
      const effect = lane.open[at];
      if (!said.stutters) lane.open.splice(at, 1);
      if (effect !== undefined) lane.send(answerEffect(effect, said.how), said.afterMs);
    }
  }
}

const refused: Failure = { code: "printer.not-printed", details: { device: "printer" } };

/** Seven times in ten the device does as it was told. */
function answerEffect(effect: Effect, how: number): SessionEvent {
  switch (effect.kind) {
    case "request-weight":
      return {
        kind: "weight-answered",
        parcelId: effect.parcelId,
        deviceId: "scale",
        weightGrams: how < 7 ? 200 : null,
        failure: null,
      };
    case "reserve-printer":
      return { kind: "printer-granted", parcelId: effect.parcelId, odometer: how };
    case "print":
    case "resolve-print": {
      const result =
        how < 7
          ? ({ outcome: "printed", odometer: how } as const)
          : ({ outcome: how < 9 ? "failed" : "unknown", failure: refused } as const);
      return { kind: "label-outcome", jobId: effect.jobId, result };
    }
    case "divert":
      if (how === 9) return { kind: "divert-failed", commandId: effect.commandId, failure: refused };
      return {
        kind: "diverted",
        parcelIndex: effect.parcelIndex,
        chute: how < 7 ? effect.chute : how === 7 ? 99 : 5,
      };
    case "query-divert":
      return {
        kind: "divert-state",
        parcelId: effect.parcelId,
        state:
          how < 7
            ? { state: "confirmed", chute: how < 4 ? 3 : 99 }
            : { state: how === 7 ? "unassigned" : "lost" },
      };
  }
}
