import type { SessionEvent } from "@waystation/shared/session/events";
import { afterEach, expect, test } from "vitest";
import { openStationBench, testBelt } from "../support/station-bench.ts";
import { readLog } from "./read-log.ts";

/** What the kill tests found once and by chance, here on purpose. */
type Station = ReturnType<typeof openStationBench>;
let station: Station | undefined;
afterEach(() => {
  station?.close();
  station?.remove();
  station = undefined;
});

function start(dir?: string): Station {
  station = openStationBench(dir === undefined ? {} : { dir });
  return station;
}

/** A belt parcel whose label has been asked for, and nobody has answered. */
function sendToPrinter(at: Station): string {
  at.core.start();
  at.core.setPrinter("printer", true, 100);
  at.core.handle("belt", { kind: "inducted", parcelIndex: 1, deviceId: "sorter" }, at.now());
  at.advance(300);
  const measures = { weightGrams: 210, lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };
  const reading = { kind: "size", parcelIndex: 1, barcode: "WS0000000001", ...measures } as const;
  const { effects } = at.core.handle("belt", { kind: "reading", deviceId: "dws", reading }, at.now());
  const [print] = effects.filter((effect) => effect.kind === "print");
  return print?.jobId ?? "";
}

const kindsOf = (effects: readonly { readonly kind: string }[]): string[] =>
  effects.map(({ kind }) => kind).sort();
const printed = (jobId: string): SessionEvent => ({
  kind: "label-outcome",
  jobId,
  result: { outcome: "printed", odometer: 101 },
});

test("a parcel that died with its label and its divert both out: both devices are asked, and the printer is free again", () => {
  const before = start();
  const jobId = sendToPrinter(before);
  before.advance(testBelt.labelWithinMs);
  expect(kindsOf(before.core.tick(before.now()).effects)).toEqual(["divert"]);
  before.close();

  const after = start(before.dir);
  expect(kindsOf(after.core.start().effects)).toEqual(["query-divert", "resolve-print"]);
  after.core.setPrinter("printer", true, undefined);
  after.core.handle("belt", printed(jobId), after.now());
  after.core.handle("belt", { kind: "inducted", parcelIndex: 2, deviceId: "sorter" }, after.now());
  after.advance(300);
  const measures = { weightGrams: 210, lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };
  const reading = { kind: "size", parcelIndex: 2, barcode: "WS0000000002", ...measures } as const;
  const { effects } = after.core.handle("belt", { kind: "reading", deviceId: "dws", reading }, after.now());
  expect(kindsOf(effects)).toEqual(["print"]);
});

test("a divert that came too late: the sorter is asked where the parcel went, for its confirmation may be lost", () => {
  const at = start();
  const jobId = sendToPrinter(at);
  const [divert] = at.core.handle("belt", printed(jobId), at.now()).effects;
  const commandId = divert?.kind === "divert" ? divert.commandId : "";
  const failure = { code: "sorter.late", details: { device: "sorter", parcelIndex: 1 } } as const;
  const late = at.core.handle("belt", { kind: "divert-failed", commandId, failure }, at.now());
  expect(kindsOf(late.effects)).toEqual(["query-divert"]);
  const parcelId = late.effects[0]?.kind === "query-divert" ? late.effects[0].parcelId : "";
  at.core.handle(
    "belt",
    { kind: "divert-state", parcelId, state: { state: "confirmed", chute: 99 } },
    at.now(),
  );
  expect(at.core.viewLanes(["belt"])[0]?.recent[0]).toMatchObject({ outcome: "rejected", chute: 99 });
});

test.each([
  ["was never asked anywhere", false, null],
  ["went where it was asked to", true, "/divert"],
])("a parcel that %s: told once more after a restart, it is not recorded again", (_how, isAsked, command) => {
  const before = start();
  const jobId = sendToPrinter(before);
  const parcelId = jobId.replace("/label", "");
  if (isAsked) before.core.handle("belt", printed(jobId), before.now());
  const gone: SessionEvent = { kind: "diverted", parcelIndex: 1, chute: 99 };
  before.core.handle("belt", gone, before.now());
  before.close();

  const after = start(before.dir);
  after.core.start();
  // The engine died before it could say to the sorter that this is durable.
  after.core.handle("belt", gone, after.now());
  const told = readLog(after.factsPath).texts.map((text) => JSON.parse(text));
  expect(told.filter(({ type }) => type === "divert.confirmed")).toMatchObject([
    { parcelId, payload: { commandId: command === null ? null : `${parcelId}${command}` } },
  ]);
  expect(told.at(-1)).toMatchObject({
    type: "reading.discarded",
    payload: { reason: "confirmed-twice", parcelIndex: 1 },
  });
});
