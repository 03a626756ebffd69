import { unreachable } from "@waystation/shared/failures/assert";
import type { Result } from "@waystation/shared/failures/result";
import type { Effect, LabelOutcome, SessionEvent } from "@waystation/shared/session/events";
import type { CrashPoints } from "../config/crash-points.ts";
import type { ComposedLabel } from "../label/composed-label.ts";
import type { LabelRequest } from "../replica/read-label.ts";
import type { Devices } from "./devices.ts";

export type EffectDeps = {
  readonly devices: Devices;
  readonly composeLabel: (request: LabelRequest) => Promise<Result<ComposedLabel>>;
  /** The outcome is the next input. */
  readonly onOutcome: (laneId: string, event: SessionEvent) => void;
  readonly labelTimeoutMs: number;
  readonly weighTimeoutMs: number;
  readonly crash: CrashPoints;
};

/** Performs one effect whose facts are durable. A divert's bytes leave in this very tick; nothing here waits for a disk. */
export function performEffect(effect: Effect, deps: EffectDeps): void {
  switch (effect.kind) {
    case "divert":
      return void divert(effect, deps);
    case "print":
      return void print(effect, deps);
    case "request-weight":
      return void weigh(effect, deps);
    case "resolve-print":
      return void resolvePrint(effect, deps);
    case "query-divert":
      return void queryDivert(effect, deps);
    case "reserve-printer":
      return;
    default:
      return unreachable(effect);
  }
}

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

async function divert(
  { laneId, sorterId, commandId, parcelIndex, chute, deadlineMs }: Of<"divert">,
  deps: EffectDeps,
): Promise<void> {
  deps.crash("before-divert");
  const answer = deps.devices.sorter(sorterId).divert({ commandId, parcelIndex, chute, deadlineMs });
  deps.crash("after-divert");
  const result = await answer;
  if (!result.ok) deps.onOutcome(laneId, { kind: "divert-failed", commandId, failure: result.failure });
}

async function print(effect: Of<"print">, deps: EffectDeps): Promise<void> {
  const { printerId, jobId, orderId, weightGrams, chute } = effect;
  const label = await deps.composeLabel({
    orderId,
    weightGrams,
    chute,
    language: deps.devices.labelLanguage(printerId),
  });
  if (!label.ok) return reportLabel(effect, { outcome: "failed", failure: label.failure }, deps);
  deps.crash("before-print");
  const job = deps.devices
    .printer(printerId)
    .print({ jobId, bytes: label.value.bytes, timeoutMs: deps.labelTimeoutMs });
  deps.crash("after-print");
  const result = await job;
  deps.crash("after-print-outcome");
  reportLabel(effect, result, deps);
}

/** A printed label brings the counter with it; after any other end the core knows nothing of the printer until it is told. */
function reportLabel(
  { laneId, printerId, jobId }: Of<"print"> | Of<"resolve-print">,
  result: LabelOutcome,
  deps: EffectDeps,
): void {
  deps.onOutcome(laneId, { kind: "label-outcome", jobId, result });
  if (result.outcome !== "printed") deps.devices.announcePrinter(printerId);
}

async function weigh({ laneId, scaleId, parcelId }: Of<"request-weight">, deps: EffectDeps): Promise<void> {
  const result = await deps.devices.scale(scaleId).requestWeight(deps.weighTimeoutMs);
  deps.onOutcome(laneId, {
    kind: "weight-answered",
    parcelId,
    deviceId: scaleId,
    weightGrams: result.ok ? result.value : null,
    failure: result.ok ? null : result.failure,
  });
}

/** Asked until the printer answers: before that nobody can say what came out. */
async function resolvePrint(effect: Of<"resolve-print">, deps: EffectDeps): Promise<void> {
  const { printerId, jobId, odometerBefore } = effect;
  const result = await deps.devices
    .printer(printerId)
    .resolveJob({ jobId, odometerBefore, timeoutMs: deps.labelTimeoutMs });
  reportLabel(effect, result, deps);
}

const queryTries = 5;
const queryTimeoutMs = 2000;

async function queryDivert(
  { laneId, sorterId, parcelId, parcelIndex }: Of<"query-divert">,
  deps: EffectDeps,
): Promise<void> {
  for (let tries = 0; tries < queryTries; tries += 1) {
    const state = await deps.devices.sorter(sorterId).queryDivert(parcelIndex, queryTimeoutMs);
    if (state.ok) return deps.onOutcome(laneId, { kind: "divert-state", parcelId, state: state.value });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  // No answer at all: the lane's own deadline ends the parcel as unknown.
}
