import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { StationView } from "@waystation/shared/session/view";
import { connectStation } from "../../renderer/app/station-client.ts";
import type { Feeder, RunSummary, Station } from "../start/station.ts";
import { importGenerated } from "./fill-cloud.ts";
import { planParcels } from "./plan-parcels.ts";
import { countEnded, type LaneWatch, type Pace, playBelt, playBench, type Twins } from "./play-lanes.ts";
import { openStationFiles, type StationFiles } from "./read-station.ts";
import { summarise } from "./summarise.ts";

/** The demonstration's parcels: puts them on the lanes, and with --parcels waits for the last fact and counts. */
export function feed(station: Station): Feeder {
  const abort = new AbortController();
  const watch = watchStation(station);
  const files = openStationFiles(station.stationData);
  const finished = play(station, files, watch, abort.signal).finally(() => {
    watch.close();
    files.close();
  });
  return {
    finished,
    stop: async () => {
      abort.abort();
      await finished.catch(() => {});
    },
  };
}

type Watch = LaneWatch & { readonly view: () => StationView | null; readonly close: () => void };

const longestWaitMs = 250;

function watchStation({ stationUrl, tokens }: Station): Watch {
  const client = connectStation({
    kind: "socket",
    origin: new URL(stationUrl).origin,
    token: tokens.station,
  });
  const view = () => client.getState().view;
  return {
    view,
    lane: (laneId) => view()?.lanes.find((lane) => lane.laneId === laneId),
    changed: () =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          stop();
          resolve();
        };
        const timer = setTimeout(done, longestWaitMs);
        const stop = client.subscribe(done);
      }),
    close: client.close,
  };
}

async function play(
  station: Station,
  files: StationFiles,
  watch: Watch,
  signal: AbortSignal,
): Promise<Result<RunSummary>> {
  const { options, progress } = station;
  const startedAt = performance.now();
  const before = await summarise(station, files, 0);
  if (!before.ok) return before;
  if (
    !(await waitFor(
      watch,
      signal,
      () => allConnected(watch.view()) && files.countOrders() >= station.ordersImported,
    ))
  )
    return fail("run.incomplete", { reason: "the station did not get its orders or its devices" });
  let played = 0;
  for (let batch = 0; !signal.aborted; batch += 1) {
    const orders = files.readUnplayed((options.parcels ?? Infinity) - played);
    if (orders.length === 0) {
      if (options.parcels !== undefined || options.orders !== undefined) break;
      const more = await importMore(station, files, watch, signal);
      if (!more.ok) return more;
      continue;
    }
    const parcels = [...planParcels(orders, options.seed + batch)];
    await playAll(station, parcels, files.lastIndex() + 1, watch, signal);
    played += parcels.length;
    if (options.parcels !== undefined && played >= options.parcels) break;
  }
  if (options.parcels === undefined && !signal.aborted)
    progress.say(`Every order of ${options.orders ?? "the sample"} has had its parcel; the station stays.`);
  return settle(station, files, watch, signal, { before: before.value, played, startedAt });
}

/** The sample is played through: more orders come in as they would from customers. */
async function importMore(
  station: Station,
  files: StationFiles,
  watch: Watch,
  signal: AbortSignal,
): Promise<Result<unknown>> {
  const known = files.countOrders();
  const more = await importGenerated(station.cloud, { seed: station.options.seed + known, count: 300 });
  if (more.ok) await waitFor(watch, signal, () => files.countOrders() >= known + more.value.imported);
  return more;
}

async function playAll(
  station: Station,
  parcels: ReturnType<typeof planParcels> extends Generator<infer P> ? P[] : never,
  firstIndex: number,
  watch: Watch,
  signal: AbortSignal,
): Promise<void> {
  const twins: Twins = (deviceId, command) => void station.sendToTwin(deviceId, command);
  const pace = choosePace(station.options);
  const report = setInterval(() => station.progress.live(describeCounts(watch.view())), 1000);
  await Promise.all([
    playBelt(
      parcels.filter(({ lane }) => lane === "belt"),
      firstIndex,
      twins,
      pace.belt,
      watch,
      signal,
    ),
    playBench(
      parcels.filter(({ lane }) => lane === "bench"),
      twins,
      pace.bench,
      watch,
      signal,
    ),
  ]);
  clearInterval(report);
}

/** With --exit as fast as the lanes take them, unless a rate was asked for; else four of five parcels go by the belt. */
function choosePace({ exit, rate }: Station["options"]): { belt: Pace; bench: Pace } {
  if (exit && rate === undefined)
    return {
      belt: { gapMs: 0, gateMs: null, beltLength: 8 },
      bench: { gapMs: 0, gateMs: null, beltLength: 1 },
    };
  const gapMs = 3_600_000 / (rate ?? 1200);
  return {
    belt: { gapMs: Math.max(0, gapMs * 1.25 - 400), gateMs: 400, beltLength: 8 },
    bench: { gapMs: gapMs * 4, gateMs: null, beltLength: 1 },
  };
}

/** Everything has left the lanes and is in the cloud; then both databases are asked, and must say the same. */
async function settle(
  station: Station,
  files: StationFiles,
  watch: Watch,
  signal: AbortSignal,
  run: { readonly before: RunSummary; readonly played: number; readonly startedAt: number },
): Promise<Result<RunSummary>> {
  const done = (): boolean => {
    const link = watch.view()?.link;
    return (
      (files.countOutcomes().open ?? 0) === 0 &&
      link !== undefined &&
      files.lastSequence() <= link.factsAcknowledged
    );
  };
  const settled = await waitFor(watch, signal, done);
  const after = await summarise(station, files, (performance.now() - run.startedAt) / 1000);
  if (!after.ok) return after;
  if (!settled && !signal.aborted)
    return fail("run.incomplete", {
      reason: `${files.countOutcomes().open ?? 0} parcels are still under way, or facts are not acknowledged`,
    });
  const summary = subtract(after.value, run.before);
  const ends = summary.accepted + summary.intercepted + summary.rejected + summary.noRead;
  if (!signal.aborted && (ends !== run.played || summary.parcels !== run.played))
    return fail("run.incomplete", {
      reason: `${run.played} parcels were put on the lanes, ${ends} have ended`,
    });
  return succeed(summary);
}

const counted = [
  "parcels",
  "accepted",
  "intercepted",
  "rejected",
  "noRead",
  "labelsPrinted",
  "divertsConfirmed",
  "factsRecorded",
  "factsAcknowledged",
] as const;

/** What this run added. Facts are counted from where the cloud stood, so that the boot's own fact is among them on both sides. */
const subtract = (after: RunSummary, before: RunSummary): RunSummary => {
  const from = { ...before, factsRecorded: before.factsAcknowledged };
  return { ...after, ...Object.fromEntries(counted.map((key) => [key, after[key] - from[key]])) };
};

const allConnected = (view: StationView | null): boolean =>
  view?.devices.every(({ state }) => state === "ready") === true;

function describeCounts(view: StationView | null): string {
  if (view === null) return "waiting for the station";
  const lanes = view.lanes.map((lane) => `${lane.laneId} ${countEnded(lane)}`).join(", ");
  return `${lanes} parcels; ${view.link.factsAcknowledged}/${view.link.factsRecorded} facts in the cloud`;
}

/** Nothing changing for so long is the end of patience. */
const patienceMs = 60_000;

async function waitFor(watch: Watch, signal: AbortSignal, holds: () => boolean): Promise<boolean> {
  let seen = "";
  let deadline = performance.now() + patienceMs;
  while (!holds()) {
    const now = describeCounts(watch.view());
    if (now !== seen) deadline = performance.now() + patienceMs;
    seen = now;
    if (signal.aborted || performance.now() > deadline) return false;
    await watch.changed();
  }
  return true;
}
