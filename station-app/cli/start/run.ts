import { setTimeout as wait } from "node:timers/promises";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { buildScreens } from "../build-screens.ts";
import { type ChildFamily, createFamily } from "../processes/child-family.ts";
import { checkPortFree } from "../processes/check-port.ts";
import type { ReadyMessage } from "../processes/launch-child.ts";
import { listenForStop } from "../processes/stop-request.ts";
import type { ChildEvent, ChildSpec } from "../processes/supervise-child.ts";
import { type CloudClient, createCloudClient } from "./call-cloud.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { makeTokens, planCloud, planEngine, planTwins, readUrl, stationId, stopOrder, type Tokens } from "./plan.ts";
import { registerStation } from "./prepare-cloud.ts";
import type { Progress } from "./progress.ts";
import type { StartOptions } from "./start-options.ts";

/** What a feeder needs: it plays parcels into the twins and reads the result off the cloud and the engine. */
export type Station = {
  readonly options: StartOptions;
  readonly tokens: Tokens;
  readonly cloud: CloudClient;
  readonly cloudUrl: string;
  readonly stationUrl: string;
  readonly sendToTwin: (deviceId: string, command: object) => boolean;
  readonly progress: Progress;
};

export type Feeder = {
  /** Resolves when its parcels are through, with what --exit prints; a failure makes the start fail. */
  readonly finished: Promise<Result<Readonly<Record<string, unknown>>>>;
  readonly stop: () => Promise<void>;
};

export type StartHooks = {
  /** Channels, sort plan and orders, before the engine starts. */
  readonly fillCloud?: (cloud: CloudClient, options: StartOptions, progress: Progress) => Promise<Result<unknown>>;
  readonly feed?: (station: Station) => Feeder;
};

/**
 * Starts everything, stays until it is asked to end (or, with --exit, until the feeder is done), and ends
 * everything in order. The failure is what made it end before.
 */
export async function runStart(options: StartOptions, progress: Progress, hooks: StartHooks = {}): Promise<Result<null>> {
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
  const asked = new Promise<Result<null>>((resolve) => stop.signal.addEventListener("abort", () => resolve(succeed(null))));
  let feeder: Feeder | null = null;
  try {
    const started = await Promise.race([startAll({ options, data, tokens: makeTokens(), family, progress, hooks }), asked]);
    if (!started.ok || started.value === null) return started.ok ? succeed(null) : started;
    feeder = started.value.feeder;
    return await Promise.race([asked, family.lost.then(asFailed), finish(feeder, options, progress)]);
  } finally {
    if (stop.signal.aborted) progress.say("Stopping; Ctrl-C again ends at once.");
    await feeder?.stop();
    await family.stop(stopOrder);
    data.runFile.remove();
    stop.dispose();
  }
}

async function checkPorts({ port, cloudPort }: StartOptions): Promise<Result<null>> {
  const station = await checkPortFree(port, "--port");
  return station.ok ? checkPortFree(cloudPort, "--cloud-port") : station;
}

type Setup = {
  readonly options: StartOptions;
  readonly data: DataFolder;
  readonly tokens: Tokens;
  readonly family: ChildFamily;
  readonly progress: Progress;
  readonly hooks: StartHooks;
};

/** Screens, cloud, twins, engine, feeder: each needs the one before. */
async function startAll(setup: Setup): Promise<Result<{ feeder: Feeder | null }>> {
  const { options, data, tokens, family, progress, hooks } = setup;
  await progress.step("screens", () => buildScreens());

  const cloudReady = await startChild(setup, planCloud(setup), "cloud");
  if (!cloudReady.ok) return cloudReady;
  const cloudUrl = readUrl(cloudReady.value);
  const cloud = createCloudClient(cloudUrl, tokens.admin);
  const stationToken = await registerStation(cloud, stationId);
  if (!stationToken.ok) return stationToken;
  const filled = await hooks.fillCloud?.(cloud, options, progress);
  if (filled?.ok === false) return filled;

  const twins = await progress.step("devices", () => startTwins(setup));
  if (!twins.ok) return twins;
  const engineReady = await startChild(setup, planEngine(setup, twins.value, { url: cloudUrl, token: stationToken.value }), "engine");
  if (!engineReady.ok) return engineReady;
  const stationUrl = readUrl(engineReady.value);

  data.runFile.update({ urls: { station: stationUrl, cloud: cloudUrl }, tokens });
  announce(progress, { stationUrl, cloudUrl, data });
  const sendToTwin = (deviceId: string, command: object) => family.send(deviceId, command);
  const feeder = hooks.feed?.({ options, tokens, cloud, cloudUrl, stationUrl, sendToTwin, progress }) ?? null;
  return succeed({ feeder });
}

function announce(progress: Progress, where: { stationUrl: string; cloudUrl: string; data: DataFolder }): void {
  const { stationUrl, cloudUrl, data } = where;
  progress.event({ event: "ready", station: stationUrl, cloud: cloudUrl, data: data.path });
  progress.say(`Station  ${stationUrl}`);
  progress.say(`Cloud    ${cloudUrl}`);
  progress.say(`Data     ${data.path}   (Ctrl-C ends)`);
}

const startChild = ({ family, progress }: Setup, spec: ChildSpec, group: string): Promise<Result<ReadyMessage>> =>
  progress.step(group, () => family.start(spec, group, tellAbout(spec.name, progress)));

async function startTwins({ options, data, tokens, family, progress }: Setup): Promise<Result<ReadonlyMap<string, ReadyMessage>>> {
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
async function finish(feeder: Feeder | null, { exit }: StartOptions, progress: Progress): Promise<Result<null>> {
  if (feeder === null) return exit ? succeed(null) : new Promise<never>(() => {});
  const done = await feeder.finished;
  if (!done.ok) return done;
  progress.event({ event: "finished", ...done.value });
  return exit ? succeed(null) : new Promise<never>(() => {});
}

const asFailed = (failure: Failure): Result<null> => ({ ok: false, failure });
