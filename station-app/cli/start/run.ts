import { join } from "node:path";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import { keyFileName } from "../../engine/edge/station-key.ts";
import { readStatus } from "../ask-station.ts";
import { buildScreens } from "../build-screens.ts";
import { type ChildFamily, createFamily } from "../processes/child-family.ts";
import { feed } from "../play/feed.ts";
import { fillCloud } from "../play/fill-cloud.ts";
import { checkPortFree } from "../processes/check-port.ts";
import type { ReadyMessage } from "../processes/launch-child.ts";
import { listenForStop } from "../processes/stop-request.ts";
import type { ChildEvent, ChildSpec } from "../processes/supervise-child.ts";
import { createCloudClient } from "./call-cloud.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import {
  makeTokens,
  planCloud,
  planEngine,
  planTwins,
  readUrl,
  stationId,
  stopOrder,
  type Tokens,
} from "./plan.ts";
import { enrolOwnStation } from "./prepare-cloud.ts";
import type { Progress } from "./progress.ts";
import type { Feeder, RunSummary } from "./station.ts";
import type { RunOptions, StartOptions } from "./start-options.ts";

/**
 * Starts everything, stays until it is asked to end (or, with --exit, until the feeder is done), and ends
 * everything in order. The failure is what made it end before.
 */
export async function runStart(options: RunOptions, progress: Progress): Promise<Result<RunSummary | null>> {
  const free = await checkPorts(options);
  if (!free.ok) return free;
  const opened = await openDataFolder(options.data, { fresh: options.fresh });
  if (!opened.ok) return opened;
  const data = opened.value;
  const family = createFamily(() => data.runFile.update({ processes: family.running() }));
  const stop = listenForStop(() => {
    progress.say("Ending at once.");
    family.kill();
    data.runFile.remove();
    process.exit(1);
  });
  const asked = new Promise<{ readonly ok: true; readonly value: null }>((resolve) =>
    stop.signal.addEventListener("abort", () => resolve({ ok: true, value: null })),
  );
  let feeder: Feeder | null = null;
  try {
    const started = await Promise.race([
      startAll({ options, data, tokens: makeTokens(), family, progress }),
      asked,
    ]);
    if (!started.ok) return started;
    if (started.value === null) return succeed(null);
    feeder = started.value.feeder;
    return await Promise.race([asked, family.lost.then(asFailed), finish(feeder, options)]);
  } finally {
    if (stop.signal.aborted) progress.say("Stopping; Ctrl-C again ends at once.");
    await feeder?.stop();
    await family.stop(stopOrder);
    data.runFile.remove();
    stop.dispose();
  }
}

async function checkPorts({ port, cloudPort }: RunOptions): Promise<Result<null>> {
  const station = await checkPortFree(port, "--port");
  return station.ok ? checkPortFree(cloudPort, "--cloud-port") : station;
}

type Setup = {
  readonly options: RunOptions;
  readonly data: DataFolder;
  readonly tokens: Tokens;
  readonly family: ChildFamily;
  readonly progress: Progress;
};

/** Screens, cloud, twins, engine, feeder: each needs the one before. */
async function startAll(setup: Setup): Promise<Result<{ feeder: Feeder }>> {
  const { options, data, tokens, family, progress } = setup;
  await progress.step("screens", () => buildScreens());

  const cloudReady = await startChild(setup, planCloud(setup), "cloud");
  if (!cloudReady.ok) return cloudReady;
  const cloudUrl = readUrl(cloudReady.value);
  const cloud = createCloudClient(cloudUrl, tokens.admin);
  const keyFile = join(data.station, keyFileName);
  const enrolled = await enrolOwnStation(cloud, { url: cloudUrl, stationId, keyFile });
  if (!enrolled.ok) return enrolled;
  const filled = await fillCloud(cloud, options, progress);
  if (!filled.ok) return filled;

  const twins = await progress.step("devices", () => startTwins(setup));
  if (!twins.ok) return twins;
  const engineReady = await startChild(
    setup,
    planEngine(setup, twins.value, { url: cloudUrl, keyFile }),
    "engine",
  );
  if (!engineReady.ok) return engineReady;
  const stationUrl = readUrl(engineReady.value);

  data.runFile.update({ urls: { station: stationUrl, cloud: cloudUrl }, tokens });
  announce(progress, { stationUrl, cloudUrl, adminToken: tokens.admin, data });
  const sendToTwin = (deviceId: string, command: object) => family.send(deviceId, command);
  const feeder = feed({
    options,
    tokens,
    cloud,
    stationUrl,
    stationData: data.station,
    ordersImported: filled.value.imported + filled.value.unchanged,
    sendToTwin,
    readStatus: () => readStatus({ url: stationUrl, token: tokens.station }),
    progress,
  });
  return succeed({ feeder });
}

function announce(
  progress: Progress,
  where: { stationUrl: string; cloudUrl: string; adminToken: string; data: DataFolder },
): void {
  const { stationUrl, cloudUrl, adminToken, data } = where;
  // Whoever tries it has no account yet. The page takes the token out of its address, and no server sees it.
  const cloudPage = `${cloudUrl}/#token=${adminToken}`;
  progress.event({ event: "ready", station: stationUrl, cloud: cloudUrl, cloudPage, data: data.path });
  progress.say(`Station  ${stationUrl}`);
  progress.say(`Cloud    ${cloudPage}`);
  progress.say(`Data     ${data.path}   (Ctrl-C ends)`);
}

const startChild = (
  { family, progress }: Setup,
  spec: ChildSpec,
  group: string,
): Promise<Result<ReadyMessage>> =>
  progress.step(group, () => family.start(spec, group, tellAbout(spec.name, progress)));

async function startTwins({
  options,
  data,
  tokens,
  family,
  progress,
}: Setup): Promise<Result<ReadonlyMap<string, ReadyMessage>>> {
  const ready = new Map<string, ReadyMessage>();
  const starts = planTwins({ options, data, tokens }).map(async (spec) => {
    const result = await family.start(spec, "twins", tellAbout(spec.name, progress));
    if (result.ok) ready.set(spec.name, result.value);
    return result;
  });
  const failed = (await Promise.all(starts)).find((result) => !result.ok);
  return failed ?? succeed(ready);
}

const tellAbout = (name: string, progress: Progress) => (event: ChildEvent) => {
  if (event.kind === "ended") progress.say(`${name} ended (${event.reason}); starting it again.`);
  if (event.kind === "gave-up") progress.say(describeFailure(event.failure));
};

/** Without --exit the station stays when the parcels are through. */
async function finish(feeder: Feeder, { exit }: StartOptions): Promise<Result<RunSummary | null>> {
  const done = await feeder.finished;
  return done.ok && !exit ? new Promise<never>(() => {}) : done;
}

const asFailed = (failure: Failure): Result<RunSummary | null> => ({ ok: false, failure });
