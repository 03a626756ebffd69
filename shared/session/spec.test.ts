import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Failure } from "../failures/result.ts";
import type { LabelOutcome, SessionEvent } from "./events.ts";
import { bench, belt, inducted, type Lane, openLane, scan, telegram } from "./lane.test-support.ts";
import type { LaneProfile, ParcelPhase } from "./state.ts";

/** The tables of SPEC.md are made here from the code and compared with the page. */

const failure = (code: Failure["code"]): Failure => ({ code, details: {} });
const label = (result: LabelOutcome): SessionEvent => ({ kind: "label-outcome", jobId: "p1/label", result });
const weight = (weightGrams: number | null): SessionEvent => ({
  kind: "weight-answered",
  parcelId: "p1",
  deviceId: "scale",
  weightGrams,
  failure: null,
});
const granted: SessionEvent = { kind: "printer-granted", parcelId: "p1", odometer: 0 };
const answered = (printed: boolean): SessionEvent => ({
  kind: "label-answered",
  parcelId: "p1",
  printed,
  operatorId: "op",
});
const printed = label({ outcome: "printed", odometer: 1 });
const unknown = label({ outcome: "unknown", failure: failure("printer.unconfirmed") });
const stuck = label({ outcome: "failed", failure: failure("printer.paper-out") });
const invalid = label({ outcome: "failed", failure: failure("label.invalid") });
const refused = (code: Failure["code"]): SessionEvent => ({
  kind: "divert-failed",
  commandId: "p1/divert",
  failure: failure(code),
});
const asked = (state: Extract<SessionEvent, { kind: "divert-state" }>["state"]): SessionEvent => ({
  kind: "divert-state",
  parcelId: "p1",
  state,
});

/** What leads a fresh lane into each phase. */
const beltPaths: readonly (readonly [ParcelPhase, readonly SessionEvent[]])[] = [
  ["gathering", []],
  ["awaiting-printer", [telegram(1, "WS1")]],
  ["labelling", [telegram(1, "WS1"), granted]],
  ["diverting", [telegram(1, "WS1"), granted, printed]],
];
const benchPaths: readonly (readonly [ParcelPhase, readonly SessionEvent[]])[] = [
  ["gathering", []],
  ["awaiting-printer", [weight(200)]],
  ["labelling", [weight(200), granted]],
  ["label-unknown", [weight(200), granted, unknown]],
];

const beltEvents: readonly (readonly [string, SessionEvent | "expired"])[] = [
  ["readings complete, all well", telegram(1, "WS1")],
  ["readings complete, a reason found", telegram(1, "WS1", 350)],
  ["time is up", "expired"],
  ["printer granted", granted],
  ["label printed", printed],
  ["label failed", invalid],
  ["label unknown", unknown],
  ["diverted, as planned (3)", { kind: "diverted", parcelIndex: 1, chute: 3 }],
  ["diverted, to reject (99)", { kind: "diverted", parcelIndex: 1, chute: 99 }],
  ["diverted, elsewhere (5)", { kind: "diverted", parcelIndex: 1, chute: 5 }],
  ["divert refused", refused("sorter.late")],
  ["divert without echo", refused("sorter.unconfirmed")],
  ["sorter says: confirmed (3)", asked({ state: "confirmed", chute: 3 })],
  ["sorter says: assigned", asked({ state: "assigned", chute: 3 })],
  ["sorter says: unassigned", asked({ state: "unassigned" })],
  ["sorter says: lost", asked({ state: "lost" })],
  ["lost", { kind: "lost", parcelIndex: 1 }],
  ["cleared", { kind: "cleared", parcelId: "p1", operatorId: "op" }],
];
const benchEvents: readonly (readonly [string, SessionEvent | "expired"])[] = [
  ["weight, as declared", weight(200)],
  ["weight, a reason found", weight(350)],
  ["scale silent", weight(null)],
  ["time is up", "expired"],
  ["the next parcel is scanned", scan("WS2")],
  ["printer granted", granted],
  ["label printed", printed],
  ["label failed, worth another try", stuck],
  ["label failed for good", invalid],
  ["label unknown", unknown],
  ["operator: it came out", answered(true)],
  ["operator: it did not", answered(false)],
  ["cleared", { kind: "cleared", parcelId: "p1", operatorId: "op" }],
];

function enter(profile: LaneProfile, path: readonly SessionEvent[]): Lane {
  const lane = openLane(profile);
  lane.send(profile.kind === "belt" ? inducted(1) : scan("WS1"));
  for (const event of path) lane.send(event, 300);
  return lane;
}

/** `ignored`: nothing at all; `noted`: facts only; a phase; or how the parcel ended, and of which reason. */
function tell(lane: Lane, event: SessionEvent | "expired"): string {
  const before = lane.state().parcels[0];
  // Later than any deadline, where there is one.
  const { after, facts } =
    event === "expired" ? lane.send({ kind: "ticked" }, 60_000) : lane.send(event, 300);
  const ended = after.recent.find(({ parcelId }) => parcelId === "p1");
  if (ended !== undefined)
    return `ends ${ended.outcome}${ended.reasons.length === 0 ? "" : `: ${ended.reasons.map(({ code }) => code).join(", ")}`}`;
  const now = after.parcels.find(({ parcelId }) => parcelId === "p1");
  if (now === undefined) return "gone";
  if (now.phase !== before?.phase) return now.phase === "diverting" ? `diverting to ${now.chute}` : now.phase;
  const changed = now !== before || facts.some(({ parcelId }) => parcelId === "p1");
  if (!changed) return "ignored";
  const added = [...now.doubts, ...now.laterReasons].map(({ code }) => code);
  return added.length === 0 ? "noted" : `noted: ${added.join(", ")}`;
}

function drawTable(profile: LaneProfile, paths: typeof beltPaths, events: typeof beltEvents): string {
  const rows = events.map(([name, event]) => [
    name,
    ...paths.map(([, path]) => tell(enter(profile, path), event)),
  ]);
  const lines = [["", ...paths.map(([phase]) => phase)], ["---", ...paths.map(() => "---")], ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

const spec = readFileSync(new URL("SPEC.md", import.meta.url), "utf8");

test.each([
  ["belt", belt, beltPaths],
  ["bench", bench, benchPaths],
] as const)("S19 the paths into the phases of a %s lead there", (_kind, profile, paths) => {
  for (const [phase, path] of paths) expect(enter(profile, path).state().parcels[0]?.phase).toBe(phase);
});

test("S19 the belt's transitions are those of SPEC.md", () => {
  expect(spec).toContain(drawTable(belt, beltPaths, beltEvents));
});

test("S19 the bench's transitions are those of SPEC.md", () => {
  expect(spec).toContain(drawTable(bench, benchPaths, benchEvents));
});

test("every invariant of SPEC.md is enforced by a test that bears its number", () => {
  const folder = new URL(".", import.meta.url);
  const tests = readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, folder), "utf8"))
    .join("\n");
  const stated = [...spec.matchAll(/^- \*\*(S\d+)\*\*/gm)].map(([, number]) => number ?? "");
  const enforced = new Set(
    [...tests.matchAll(/\(\s*"((?:S\d+ )+)/g)].flatMap(([, numbers]) => (numbers ?? "").trim().split(" ")),
  );
  expect(stated).toEqual(Array.from({ length: stated.length }, (_, at) => `S${at + 1}`));
  expect([...enforced].sort()).toEqual([...stated].sort());
});
