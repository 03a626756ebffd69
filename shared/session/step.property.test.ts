import fc from "fast-check";
import { expect, test } from "vitest";
import { gravestOutcome } from "../decision/judge.ts";
import { baseSortPlan } from "../decision/decision.test-support.ts";
import { describeNextStep, describeReason, type Reason } from "../decision/reasons.ts";
import { factCatalog, type FactName, type FactPayload } from "../facts/catalog.ts";
import type { FactDraft } from "../facts/draft.ts";
import { languages } from "../failures/language.ts";
import { divertCommandId } from "./events.ts";
import type { Lane, Trace } from "./lane.test-support.ts";
import { anyScript, play } from "./script.test-support.ts";
import { recentLimit } from "./state.ts";
import { nextDeadline } from "./step.ts";

/** The invariants of SPEC.md, each over scripts of every event in every order. */
const holds = (name: string, check: (lane: Lane, trace: Trace) => void, numRuns = 120) =>
  test(name, () => {
    fc.assert(
      fc.property(anyScript, (script) => {
        const lane = play(script);
        check(lane, lane.trace());
      }),
      { numRuns },
    );
  });

type Fact<N extends FactName> = Extract<FactDraft, { name: N }> & { readonly payload: FactPayload<N> };
const factsOf = (trace: Trace): FactDraft[] => trace.steps.flatMap(({ facts }) => facts);
const named = <N extends FactName>(facts: readonly FactDraft[], name: N): Fact<N>[] =>
  facts.filter((fact): fact is Fact<N> => fact.name === name);
const parcelIdsOf = (trace: Trace): string[] => [
  ...new Set(
    trace.steps.flatMap(({ before, after }) =>
      [...before.parcels, ...after.parcels].map(({ parcelId }) => parcelId),
    ),
  ),
];
const countBy = <T>(items: readonly T[], key: (item: T) => string): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
};

test("S1 S2 a step never throws, changes nothing it was given, and gives the same again", () => {
  fc.assert(
    fc.property(anyScript, (script) => {
      expect(play(script).trace()).toEqual(play(script).trace());
    }),
    { numRuns: 120 },
  );
});

holds("S3 the state is bounded", (_lane, { profile, steps }) => {
  const recovered = steps.filter(({ event }) => event.kind === "recovered").length;
  for (const { after } of steps) {
    expect(after.parcels.length).toBeLessThanOrEqual(Math.max(profile.maxInFlight, recovered));
    expect(after.recent.length).toBeLessThanOrEqual(recentLimit);
    expect(new Set(after.fullChutes).size).toBe(after.fullChutes.length);
    for (const parcel of after.parcels) {
      expect(parcel.barcodes.length).toBeLessThanOrEqual(8);
      expect(parcel.doubts.length).toBeLessThanOrEqual(20);
      expect(parcel.laterReasons.length).toBeLessThanOrEqual(20);
    }
  }
});

holds("S4 a parcel is diverted at most once", (_lane, { steps }) => {
  const diverts = steps.flatMap(({ effects }) =>
    effects.flatMap((effect) => (effect.kind === "divert" ? [effect] : [])),
  );
  for (const [commandId, count] of countBy(diverts, ({ commandId: id }) => id))
    expect([commandId, count]).toEqual([commandId, 1]);
});

holds("S5 a parcel has at most one label on its way", (_lane, { steps }) => {
  const printing = new Set<string>();
  for (const { event, effects } of steps) {
    if (event.kind === "label-outcome") printing.delete(event.jobId);
    for (const effect of effects) {
      if (effect.kind !== "print" && effect.kind !== "resolve-print") continue;
      expect(printing).not.toContain(effect.jobId);
      printing.add(effect.jobId);
    }
  }
});

holds(
  "S6 the intent is stated in the step of its effect, and every intent has its effect",
  (_lane, { steps }) => {
    for (const { facts, effects } of steps) {
      const labels = named(facts, "label.requested.v1").map(({ payload }) => [
        payload.jobId,
        payload.printerId,
        payload.orderId,
      ]);
      const prints = effects.flatMap((effect) =>
        effect.kind === "print" ? [[effect.jobId, effect.printerId, effect.orderId]] : [],
      );
      expect(prints).toEqual(labels);
      const asked = named(facts, "divert.requested.v1").map(({ payload }) => payload);
      const diverts = effects.flatMap((effect) =>
        effect.kind === "divert"
          ? [
              {
                commandId: effect.commandId,
                sorterId: effect.sorterId,
                parcelIndex: effect.parcelIndex,
                chute: effect.chute,
                deadlineMs: effect.deadlineMs,
              },
            ]
          : [],
      );
      expect(diverts).toEqual(asked);
    }
  },
);

holds("S7 a parcel that left has ended once, one that is there has not", (lane, trace) => {
  const ended = countBy(named(factsOf(trace), "parcel.ended.v1"), ({ parcelId }) => String(parcelId));
  const there = new Set(lane.state().parcels.map(({ parcelId }) => parcelId));
  for (const parcelId of parcelIdsOf(trace))
    expect([parcelId, ended.get(parcelId) ?? 0]).toEqual([parcelId, there.has(parcelId) ? 0 : 1]);
  const counted = Object.values(lane.state().counts).reduce((sum, count) => sum + count, 0);
  expect(counted).toBe([...ended.values()].reduce((sum, count) => sum + count, 0));
});

/** Everything that must be true of a parcel before it may be called accepted, told from facts alone. */
function whyNotAccepted(trace: Trace, parcelId: string): string | null {
  const facts = factsOf(trace).filter((fact) => fact.parcelId === parcelId);
  const { steps, kind, devices } = trace.profile;
  const recovered = trace.steps.flatMap(({ event }) =>
    event.kind === "recovered" && event.parcel.parcelId === parcelId ? [event.parcel] : [],
  )[0];
  const judged =
    named(facts, "parcel.judged.v1").at(-1)?.payload ?? (recovered === undefined ? undefined : recovered);
  if (judged?.verdict !== "accepted" || judged.reasons.length > 0) return "it was not judged accepted";
  const labelled =
    recovered?.label === "printed" ||
    named(facts, "label.printed.v1").length > 0 ||
    named(facts, "label.resolved.v1").some(({ payload }) => payload.printed);
  if (steps.includes("label") && !labelled) return "it bears no label";
  if (kind !== "belt" || !steps.includes("divert")) return null;
  if (devices.sorter === undefined) return "there is no sorter";
  const asked =
    named(facts, "divert.requested.v1").at(-1)?.payload.chute ??
    (recovered?.divert === "requested" ? recovered.chute : null);
  const took = named(facts, "divert.confirmed.v1")[0]?.payload.chute;
  if (asked !== judged.chute) return `it was asked into ${asked}, not ${judged.chute}`;
  return took === asked ? null : `it went to ${took} and not to ${asked}`;
}

holds(
  "S8 a parcel ends accepted only judged accepted, labelled, and confirmed in the chute it was asked into",
  (_lane, trace) => {
    for (const { parcelId, payload } of named(factsOf(trace), "parcel.ended.v1"))
      if (payload.outcome === "accepted")
        expect([parcelId, whyNotAccepted(trace, parcelId ?? "")]).toEqual([parcelId, null]);
  },
  1000,
);

holds("S9 no reading is used for two parcels, and no parcel takes two weights or sizes", (_lane, trace) => {
  for (const { facts } of trace.steps) {
    const taken = facts.filter(
      ({ name }) =>
        name === "parcel.scanned.v1" || name === "parcel.weighed.v1" || name === "parcel.measured.v1",
    );
    expect(new Set(taken.map(({ parcelId }) => parcelId)).size).toBeLessThanOrEqual(1);
  }
  for (const name of ["parcel.weighed.v1", "parcel.measured.v1", "parcel.judged.v1"] as const)
    for (const [parcelId, count] of countBy(named(factsOf(trace), name), (fact) => String(fact.parcelId)))
      expect([name, parcelId, count]).toEqual([name, parcelId, 1]);
});

holds("S10 with nothing but time every belt parcel ends", (lane, { profile }) => {
  if (profile.kind !== "belt") return;
  const most = 4 * lane.state().parcels.length;
  for (let ticks = 0; ticks < most; ticks += 1) {
    const next = nextDeadline(lane.state());
    if (next === null) break;
    lane.send({ kind: "ticked" }, Math.max(0, next - lane.now()));
  }
  expect(lane.state().parcels).toEqual([]);
});

holds("S11 every fact is what the catalogue says and survives JSON", (_lane, trace) => {
  for (const fact of factsOf(trace)) {
    expect(factCatalog[fact.name].safeParse(fact.payload), fact.name).toMatchObject({
      success: true,
      data: fact.payload,
    });
    expect(JSON.parse(JSON.stringify(fact))).toStrictEqual(fact);
    expect(fact.parcelId?.length ?? 1).toBeLessThanOrEqual(64);
  }
});

holds("S12 a parcel with any reason is asked into the reject or intercept chute", (_lane, trace) => {
  const safe = [baseSortPlan.rejectChute, baseSortPlan.interceptChute];
  for (const { parcelId, payload } of named(factsOf(trace), "divert.requested.v1")) {
    const ended = named(factsOf(trace), "parcel.ended.v1").find((fact) => fact.parcelId === parcelId);
    const verdict = named(factsOf(trace), "parcel.judged.v1").find((fact) => fact.parcelId === parcelId)
      ?.payload.verdict;
    if (verdict !== undefined && verdict !== "accepted") expect(safe).toContain(payload.chute);
    if (!safe.includes(payload.chute) && verdict !== undefined) expect(verdict).toBe("accepted");
    if (safe.includes(payload.chute) && ended !== undefined)
      expect(ended.payload.outcome).not.toBe("accepted");
  }
});

holds("S13 nothing that came while the lane was stopped is accepted", (_lane, trace) => {
  const cameStopped = new Set(
    trace.steps
      .filter(({ before }) => before.status === "stopped")
      .flatMap(({ facts }) => named(facts, "parcel.inducted.v1").map(({ parcelId }) => parcelId)),
  );
  if (trace.profile.kind === "bench") expect([...cameStopped]).toEqual([]);
  for (const { parcelId, payload } of named(factsOf(trace), "parcel.ended.v1"))
    if (cameStopped.has(parcelId)) expect(payload.outcome).not.toBe("accepted");
});

holds("S14 a bench gathers for one parcel at a time", (_lane, { profile, steps }) => {
  if (profile.kind !== "bench") return;
  for (const { after } of steps)
    expect(after.parcels.filter(({ phase }) => phase === "gathering").length).toBeLessThanOrEqual(1);
});

holds("S15 a judged parcel takes no further reading", (_lane, trace) => {
  const judged = new Set<string | null>();
  for (const { facts } of trace.steps)
    for (const { name, parcelId } of facts) {
      if (["parcel.scanned.v1", "parcel.weighed.v1", "parcel.measured.v1", "parcel.judged.v1"].includes(name))
        expect(judged).not.toContain(parcelId);
      if (name === "parcel.judged.v1") judged.add(parcelId);
    }
});

holds(
  "S16 after a restart nothing is asked of a sorter or printer that was asked before",
  (_lane, { steps }) => {
    for (const { event, effects } of steps) {
      if (event.kind !== "recovered") continue;
      const kinds = effects.map(({ kind }) => kind);
      if (event.parcel.divert !== "none") expect(kinds).not.toContain("divert");
      expect(kinds).not.toContain("print");
      expect(kinds).not.toContain("reserve-printer");
    }
  },
);

holds("S17 an end is never better than its verdict or its reasons", (_lane, trace) => {
  const gravity = ["accepted", "intercepted", "no-read", "rejected"];
  for (const { parcelId, payload } of named(factsOf(trace), "parcel.ended.v1")) {
    const verdict =
      named(factsOf(trace), "parcel.judged.v1").find((fact) => fact.parcelId === parcelId)?.payload.verdict ??
      "accepted";
    expect(gravity.indexOf(payload.outcome)).toBeGreaterThanOrEqual(gravity.indexOf(verdict));
    expect(gravity.indexOf(payload.outcome)).toBeGreaterThanOrEqual(
      gravity.indexOf(gravestOutcome(payload.reasons as Reason[])),
    );
    if (payload.outcome !== "accepted") expect(payload.reasons).not.toEqual([]);
  }
});

holds("S18 every reason reads as a whole sentence in every language", (_lane, trace) => {
  const reasons = factsOf(trace).flatMap((fact) => {
    if (fact.name === "parcel.doubted.v1") return [fact.payload.reason];
    return fact.name === "parcel.judged.v1" || fact.name === "parcel.ended.v1" ? fact.payload.reasons : [];
  }) as Reason[];
  for (const reason of reasons)
    for (const language of languages)
      expect(`${describeReason(reason, language)} ${describeNextStep(reason, language)}`).not.toMatch(
        /[{}]|null|undefined/,
      );
});

holds(
  "S20 where the sorter put a parcel is said once, and only under a command it was given",
  (_lane, trace) => {
    const facts = factsOf(trace);
    const given = new Set(named(facts, "divert.requested.v1").map(({ payload }) => payload.commandId));
    for (const { event } of trace.steps)
      if (event.kind === "recovered" && event.parcel.divert !== "none")
        given.add(divertCommandId(event.parcel.parcelId));
    const confirmed = named(facts, "divert.confirmed.v1");
    for (const [parcelId, count] of countBy(confirmed, (fact) => String(fact.parcelId)))
      expect([parcelId, count]).toEqual([parcelId, 1]);
    for (const { payload } of confirmed)
      if (payload.commandId !== null) expect(given).toContain(payload.commandId);
  },
  1000,
);
