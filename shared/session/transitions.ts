import { makeReason, type Reason } from "../decision/reasons.ts";
import { failureCatalog } from "../failures/catalog.ts";
import type { Failure } from "../failures/result.ts";
import { divertCommandId, type DivertState, type LabelOutcome, labelJobId } from "./events.ts";
import { awaitPrinter, divertOrEnd, doubt, judge, judgeWhenComplete, takeWeight } from "./gather.ts";
import type { ParcelInFlight, ParcelPhase } from "./state.ts";
import { byOperator, change, endParcel, engine, perform, record, type Turn, withReason } from "./turn.ts";

/** What can happen to one parcel after a lane event was brought to it. */
export type ParcelEvent =
  | {
      readonly kind: "weight-answered";
      readonly deviceId: string;
      readonly weightGrams: number | null;
      readonly failure: Failure | null;
    }
  | { readonly kind: "printer-granted"; readonly odometer: number | null }
  | { readonly kind: "label-outcome"; readonly result: LabelOutcome }
  | { readonly kind: "label-answered"; readonly printed: boolean; readonly operatorId: string }
  | { readonly kind: "divert-failed"; readonly failure: Failure }
  | { readonly kind: "diverted"; readonly chute: number }
  | { readonly kind: "lost" }
  | { readonly kind: "divert-state"; readonly state: DivertState }
  /** Nobody is named where the next scan shows that the parcel was taken away. */
  | { readonly kind: "cleared"; readonly operatorId: string | null }
  | { readonly kind: "expired" };

type Handler<K extends ParcelEvent["kind"]> = (
  turn: Turn,
  parcel: ParcelInFlight,
  event: Extract<ParcelEvent, { kind: K }>,
) => void;

/** Total: a phase without an answer to an event does not compile. `ignore` is an answer, given on purpose. */
type Table = { readonly [P in ParcelPhase]: { readonly [K in ParcelEvent["kind"]]: Handler<K> } };

const ignore = (): void => {};

const addReason = (turn: Turn, parcel: ParcelInFlight, reason: Reason): ParcelInFlight =>
  change(turn, parcel, { laterReasons: withReason(parcel.laterReasons, reason) });

/** Out of the line without its label or verdict: the sorter is told the reject chute; a bench parcel ends. */
function rejectParcel(turn: Turn, parcel: ParcelInFlight, reason: Reason): void {
  divertOrEnd(turn, addReason(turn, parcel, reason), turn.context.sortPlan.rejectChute);
}

function answerWeight(
  turn: Turn,
  parcel: ParcelInFlight,
  event: Extract<ParcelEvent, { kind: "weight-answered" }>,
): void {
  if (event.weightGrams === null) {
    change(turn, parcel, {
      weightFailed: true,
      deadlineAtMs: turn.context.atMs + turn.state.profile.weighAgainMs,
    });
    return;
  }
  judgeWhenComplete(turn, takeWeight(turn, parcel, event.weightGrams, event.deviceId, "request"));
}

/** Belt: time is up, judge with what is there. Bench: the scale did not answer, ask again. */
function expireGathering(turn: Turn, parcel: ParcelInFlight): void {
  const { profile } = turn.state;
  const { scale } = profile.devices;
  if (profile.kind === "belt") judge(turn, parcel);
  else if (scale !== undefined) {
    change(turn, parcel, { deadlineAtMs: null });
    perform(turn, {
      kind: "request-weight",
      laneId: profile.laneId,
      scaleId: scale,
      parcelId: parcel.parcelId,
    });
  }
}

/** It ran to the end of the belt before anybody judged it. */
function passUnjudged(turn: Turn, parcel: ParcelInFlight, chute: number): void {
  const doubted = doubt(turn, parcel, makeReason("divert.failed"));
  record(turn, parcel.parcelId, engine, "divert.confirmed.v1", {
    commandId: null,
    parcelIndex: parcel.parcelIndex ?? 0,
    chute,
  });
  endParcel(turn, doubted, chute, { isConfirmed: true });
}

function startPrinting(turn: Turn, parcel: ParcelInFlight, odometer: number | null): void {
  const { laneId, devices } = turn.state.profile;
  const job = {
    jobId: labelJobId(parcel.parcelId),
    printerId: devices.printer ?? "",
    orderId: parcel.order?.orderId ?? "",
  };
  record(turn, parcel.parcelId, engine, "label.requested.v1", { ...job, odometerBefore: odometer });
  change(turn, parcel, { phase: "labelling" });
  perform(turn, { kind: "print", laneId, ...job, weightGrams: parcel.weightGrams, chute: parcel.chute });
}

/** The same three facts wherever the outcome is learnt; also for a parcel that has left the lane meanwhile. */
export function recordLabelOutcome(turn: Turn, parcelId: string, result: LabelOutcome): void {
  const jobId = labelJobId(parcelId);
  if (result.outcome === "printed")
    record(turn, parcelId, engine, "label.printed.v1", { jobId, odometer: result.odometer });
  else
    record(turn, parcelId, engine, `label.${result.outcome}.v1`, {
      jobId,
      failure: factFailure(result.failure),
    });
}

function finishLabel(turn: Turn, parcel: ParcelInFlight, result: LabelOutcome): void {
  recordLabelOutcome(turn, parcel.parcelId, result);
  if (result.outcome === "printed")
    divertOrEnd(turn, parcel, parcel.decision?.chute ?? turn.context.sortPlan.rejectChute);
  else if (result.outcome === "unknown" && turn.state.profile.kind === "bench")
    change(turn, parcel, { phase: "label-unknown", deadlineAtMs: null });
  else if (
    result.outcome === "failed" &&
    turn.state.profile.kind === "bench" &&
    failureCatalog[result.failure.code].retryable
  )
    awaitPrinter(turn, parcel);
  else rejectParcel(turn, parcel, makeReason(`label.${result.outcome}`));
}

function answerLabel(turn: Turn, parcel: ParcelInFlight, printed: boolean, operatorId: string): void {
  record(turn, parcel.parcelId, byOperator(operatorId), "label.resolved.v1", {
    jobId: labelJobId(parcel.parcelId),
    printed,
  });
  if (printed) divertOrEnd(turn, parcel, parcel.decision?.chute ?? turn.context.sortPlan.rejectChute);
  else rejectParcel(turn, parcel, makeReason("label.failed"));
}

/** The chute the parcel really took decides, not the one asked for. */
function finishDivert(turn: Turn, parcel: ParcelInFlight, chute: number): void {
  const { parcelId, parcelIndex } = parcel;
  record(turn, parcelId, engine, "divert.confirmed.v1", {
    commandId: divertCommandId(parcelId),
    parcelIndex: parcelIndex ?? 0,
    chute,
  });
  const isConfirmed = true;
  if (chute === parcel.chute) endParcel(turn, parcel, chute, { isConfirmed });
  else {
    const rejected = chute === turn.context.sortPlan.rejectChute || parcel.chute === null;
    endParcel(
      turn,
      addReason(
        turn,
        parcel,
        rejected
          ? makeReason("divert.failed")
          : makeReason("chute.other", { chute: parcel.chute, actualChute: chute }),
      ),
      chute,
      { isConfirmed },
    );
  }
}

/** It takes no other command, and where it went only the PLC knows: its confirmation may have come while nobody could record it. */
function failDivert(turn: Turn, parcel: ParcelInFlight, failure: Failure): void {
  // Bytes that went out without an echo may still have been taken: the sorter's confirmation decides.
  if (failure.code === "sorter.unconfirmed") return;
  recordDivertFailure(turn, parcel, failure);
  const { laneId, devices } = turn.state.profile;
  if (devices.sorter !== undefined && parcel.parcelIndex !== null)
    perform(turn, {
      kind: "query-divert",
      laneId,
      sorterId: devices.sorter,
      parcelId: parcel.parcelId,
      parcelIndex: parcel.parcelIndex,
    });
}

function recordDivertFailure(turn: Turn, parcel: ParcelInFlight, failure: Failure): void {
  if (parcel.laterReasons.some(({ code }) => code === "divert.failed")) return;
  record(turn, parcel.parcelId, engine, "divert.failed.v1", {
    commandId: divertCommandId(parcel.parcelId),
    failure: factFailure(failure),
  });
  addReason(turn, parcel, makeReason("divert.failed"));
}

function giveUpDivert(turn: Turn, parcel: ParcelInFlight): void {
  const sorter = turn.state.profile.devices.sorter ?? "";
  const failure = {
    code: "sorter.unconfirmed" as const,
    details: { device: sorter, parcelIndex: parcel.parcelIndex },
  };
  record(turn, parcel.parcelId, engine, "divert.unknown.v1", {
    commandId: divertCommandId(parcel.parcelId),
    failure,
  });
  endParcel(turn, addReason(turn, parcel, makeReason("divert.unknown")), null);
}

/** After a restart: what the PLC says of a parcel whose command may or may not have gone out. Never sent again. */
function learnDivert(turn: Turn, parcel: ParcelInFlight, state: DivertState): void {
  switch (state.state) {
    case "confirmed":
      return finishDivert(turn, parcel, state.chute);
    case "lost":
      return loseParcel(turn, parcel);
    case "assigned":
      return;
    case "unassigned":
    case "unknown-parcel":
      return recordDivertFailure(turn, parcel, {
        code: "device.disconnected",
        details: { device: turn.state.profile.devices.sorter ?? "" },
      });
  }
}

function loseParcel(turn: Turn, parcel: ParcelInFlight): void {
  endParcel(turn, addReason(turn, parcel, makeReason("parcel.lost")), null);
}

function clearParcel(
  turn: Turn,
  parcel: ParcelInFlight,
  { operatorId }: Extract<ParcelEvent, { kind: "cleared" }>,
): void {
  const actor = operatorId === null ? engine : byOperator(operatorId);
  endParcel(turn, addReason(turn, parcel, makeReason("parcel.cleared")), null, { actor });
}

export const factFailure = (failure: Failure) => ({
  code: failure.code,
  details: { ...failure.details },
  ...(failure.cause === undefined ? {} : { cause: failure.cause }),
});

const everywhere = {
  lost: loseParcel,
  cleared: clearParcel,
} as const;

export const transitions: Table = {
  gathering: {
    ...everywhere,
    "weight-answered": answerWeight,
    "printer-granted": ignore,
    "label-outcome": ignore,
    "label-answered": ignore,
    "divert-failed": ignore,
    diverted: (turn, parcel, { chute }) => passUnjudged(turn, parcel, chute),
    "divert-state": ignore,
    expired: expireGathering,
  },
  "awaiting-printer": {
    ...everywhere,
    "weight-answered": ignore,
    "printer-granted": (turn, parcel, { odometer }) => startPrinting(turn, parcel, odometer),
    "label-outcome": ignore,
    "label-answered": ignore,
    "divert-failed": ignore,
    diverted: (turn, parcel, { chute }) =>
      passUnjudged(turn, addReason(turn, parcel, makeReason("label.failed")), chute),
    "divert-state": ignore,
    expired: (turn, parcel) => rejectParcel(turn, parcel, makeReason("label.failed")),
  },
  labelling: {
    ...everywhere,
    "weight-answered": ignore,
    "printer-granted": ignore,
    "label-outcome": (turn, parcel, { result }) => finishLabel(turn, parcel, result),
    "label-answered": ignore,
    "divert-failed": ignore,
    diverted: (turn, parcel, { chute }) =>
      passUnjudged(turn, addReason(turn, parcel, makeReason("label.unknown")), chute),
    "divert-state": ignore,
    /** The printer may still answer; its fact is recorded then, but the belt does not wait. */
    expired: (turn, parcel) => rejectParcel(turn, parcel, makeReason("label.unknown")),
  },
  "label-unknown": {
    ...everywhere,
    "weight-answered": ignore,
    "printer-granted": ignore,
    "label-outcome": (turn, parcel, { result }) => finishLabel(turn, parcel, result),
    "label-answered": (turn, parcel, { printed, operatorId }) =>
      answerLabel(turn, parcel, printed, operatorId),
    "divert-failed": ignore,
    diverted: ignore,
    "divert-state": ignore,
    expired: ignore,
  },
  diverting: {
    ...everywhere,
    "weight-answered": ignore,
    "printer-granted": ignore,
    "label-outcome": (turn, parcel, { result }) => recordLabelOutcome(turn, parcel.parcelId, result),
    "label-answered": ignore,
    "divert-failed": (turn, parcel, { failure }) => failDivert(turn, parcel, failure),
    diverted: (turn, parcel, { chute }) => finishDivert(turn, parcel, chute),
    "divert-state": (turn, parcel, { state }) => learnDivert(turn, parcel, state),
    expired: giveUpDivert,
  },
};

export function applyToParcel<K extends ParcelEvent["kind"]>(
  turn: Turn,
  parcel: ParcelInFlight,
  event: Extract<ParcelEvent, { kind: K }> & { kind: K },
): void {
  const handler: Handler<K> = transitions[parcel.phase][event.kind as K];
  handler(turn, parcel, event);
}
