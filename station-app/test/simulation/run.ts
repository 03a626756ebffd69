import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createPromises } from "./promises.ts";
import { createSimulatedCloud } from "./cloud.ts";
import type { Finding } from "../checker/check-run.ts";
import { collectEvidence } from "./evidence.ts";
import { createArmoury, type Fault, planFaults } from "./faults.ts";
import { layouts } from "./layout.ts";
import { createNetwork } from "./network.ts";
import type { Platform } from "./platform.ts";
import { createRandom } from "./random.ts";
import { createStation, type Station } from "./station.ts";
import { startTraffic, type Traffic } from "./traffic.ts";
import { makeOrder, type SimulatedOrder, settings, toCsv } from "./truth.ts";
import { createWorld, type World } from "./world.ts";

export type RunOptions = {
  readonly seed: number;
  readonly stations: number;
  readonly hours: number;
  /** Parcels an hour at each station. */
  readonly rate: number;
  readonly dir: string;
  /** Faults for each station and a hundred parcels. */
  readonly faultsPerHundred: number;
  /** Only these of the plan; absent: all. */
  readonly only?: ReadonlySet<number>;
};

export type RunResult = {
  readonly seed: number;
  /** SHA-256 over every fact of every station and all their devices saw: the same seed gives the same. */
  readonly trace: string;
  readonly parcels: number;
  readonly facts: number;
  readonly ends: Readonly<Record<string, number>>;
  readonly deaths: number;
  /** `kind/step`: how often it happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly firedFaults: readonly number[];
  readonly checked: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  readonly stationHours: number;
};

const hourMs = 3_600_000;

/** A whole company for some hours: the same options give the same run, to the byte. */
export async function run(platform: Platform, options: RunOptions): Promise<RunResult> {
  const { seed, dir } = options;
  const { agenda } = platform;
  const random = createRandom(seed);
  const troubles: string[] = [];
  mkdirSync(dir, { recursive: true });
  const lastsMs = options.hours * hourMs;
  const parcels = Math.ceil(options.rate * options.hours);
  const plan = planFaults(createRandom(seed ^ 0x1b873593), {
    count: Math.round((options.faultsPerHundred * parcels * options.stations) / 100),
    stations: options.stations,
    lastsMs,
  });
  const armoury = createArmoury(plan.filter(({ id }) => options.only?.has(id) !== false));
  const world = createWorld(platform, armoury, createRandom(seed ^ 0x7feb352d), options.stations);
  const promises = createPromises((what) => troubles.push(what), world.wasCloudRestored);
  const cloud = createSimulatedCloud({
    platform,
    dir: join(dir, "cloud"),
    random: createRandom(seed ^ 0x51ed270b),
    ...world.cloudOptions,
    onTrouble: (what) => troubles.push(what),
    onOpen: (query) => promises.compare(query),
    backupEveryMs: hourMs,
    longPollMs: hourMs / 2,
  });
  world.setCloud(cloud);
  createNetwork(platform, cloud.current, { ...world.networkTap, onReply: promises.remember });
  const { advance, complete } = createPace(platform);

  cloud.begin();
  await advance(agenda.now());
  const hubs = [...new Set(Array.from({ length: options.stations }, (_, at) => hubOf(at)))];
  for (const hubId of hubs) {
    if (hubId !== firstHub) await complete(cloud.ask("/v1/hubs", JSON.stringify({ hubId, name: hubId })));
    await complete(cloud.ask(`/v1/channels/import?hub=${hubId}`, JSON.stringify(settings)));
  }
  const layout = options.rate > 300 ? layouts.fast : layouts.slow;
  const stations: Station[] = [];
  for (let at = 0; at < options.stations; at += 1) {
    const stationId = `station-${at + 1}`;
    const station = await createStation({
      platform,
      stationId,
      dir,
      layout,
      random: createRandom(seed ^ ((at + 1) * 0x9e3779b9)),
      sendEveryMs: random.pick([60_000, 300_000, 600_000, 600_000, 600_000]),
      onTrouble: (what) => troubles.push(`${stationId}: ${what}`),
      ...world.stationOptions(at),
    });
    const prepared = await complete(
      cloud.ask("/v1/stations", JSON.stringify({ stationId, hubId: hubOf(at) })),
    );
    await complete(station.enrol((prepared as { code: string }).code));
    world.setStation(at, station);
    stations.push(station);
  }
  const half = Math.ceil(parcels / 2);
  /** Of each station. */
  const orders = stations.map((_, at) =>
    Array.from({ length: half * 2 }, (_, number) =>
      makeOrder(random, at * half * 2 + number + 1, number < half),
    ),
  );
  await importOrders(orders.map((ours) => ours.slice(0, half)));
  const unreleased = orders.flat().filter(({ isUnreleased }) => isUnreleased);
  await complete(
    cloud.write("delete from releases where order_id = any($1)", [unreleased.map(({ orderId }) => orderId)]),
  );
  for (const station of stations) station.begin();
  await advance(agenda.now() + 20_000);

  const endsAtMs = agenda.now() + lastsMs;
  const traffic = stations.map((station, at) =>
    startTraffic({
      platform,
      station,
      random: createRandom(seed ^ (at + 77)),
      orders: orders[at] ?? [],
      strays: orders.flatMap((theirs, other) => (hubOf(other) === hubOf(at) ? [] : theirs)),
      rate: options.rate,
      endsAtMs,
      layout,
      mishapAt: world.mishapAt(at),
    }),
  );
  for (const fault of armoury.plan) platform.after(fault.atMs, () => world.begin(fault));
  // Half of the orders come when the work has begun.
  await advance(agenda.now() + lastsMs / 20);
  await importOrders(orders.map((ours) => ours.slice(half)));
  await advance(endsAtMs);
  const isQuiet = await heal(platform, { advance, world, stations, traffic, cloud });
  for (const station of stations) await complete(station.stop());
  await complete(cloud.stop());
  await advance(agenda.now() + 5000);
  const evidence = await platform.hold(
    collectEvidence({
      dir,
      stations,
      traffic,
      world,
      isQuiet,
      troubles: [...troubles, ...platform.unexpected],
    }),
  );
  return {
    seed,
    ...evidence,
    parcels: traffic.reduce((sum, one) => sum + one.count(), 0),
    deaths: stations.reduce((sum, station) => sum + station.deaths(), 0),
    faults: Object.fromEntries([...armoury.hits].sort(([one], [other]) => (one < other ? -1 : 1))),
    firedFaults: armoury.fired,
    stationHours: options.hours * options.stations,
  };

  /** Again and again while the cloud is away, as a customer's program would. */
  async function importOrders(some: readonly (readonly SimulatedOrder[])[]): Promise<void> {
    for (const hubId of hubs) {
      const ours = some.flatMap((orders, at) => (hubOf(at) === hubId ? orders : []));
      const path = `/v1/orders/import?format=csv&hub=${hubId}`;
      for (let at = 0; at < ours.length; at += 2000)
        for (let isDone = false; !isDone; ) {
          const work = cloud.ask(path, toCsv(ours.slice(at, at + 2000)), "text/csv");
          isDone = (await complete(work, 60_000)) !== null;
          if (!isDone) await advance(agenda.now() + 5000);
        }
    }
  }
}

/** Two stations share a hub and what is sent from it; whatever the others have is none of theirs. */
const firstHub = "main";
const hubOf = (at: number): string => (at < 2 ? firstHub : `hub-${1 + (at >> 1)}`);

type Healing = {
  readonly advance: Advance;
  readonly world: World;
  readonly stations: readonly Station[];
  readonly traffic: readonly Traffic[];
  readonly cloud: { readonly current: () => unknown };
};

/** No fault any more, no parcel any more: all that is under way ends, and everything arrives. */
async function heal(
  platform: Platform,
  { advance, world, stations, traffic, cloud }: Healing,
): Promise<boolean> {
  const { agenda } = platform;
  world.heal();
  const isDone = (): boolean =>
    cloud.current() !== null &&
    traffic.every((one) => one.isDone()) &&
    stations.every(
      (station) =>
        station.isUp() && ["belt", "bench"].every((laneId) => station.lane(laneId)?.parcels.length === 0),
    );
  await advance(agenda.now() + 3 * hourMs, isDone);
  const isQuiet = isDone();
  // Whatever waited for its time, or was told to wait: the rarest is tried every two minutes, the slowest sends every ten.
  await advance(agenda.now() + hourMs / 2);
  return isQuiet;
}

type Advance = (untilMs: number, isDone?: () => boolean) => Promise<void>;

function createPace(platform: Platform) {
  const { agenda } = platform;
  const { advance } = platform;
  /** Lets time pass until the work is done; null: it was not in that time. */
  async function complete<T>(work: Promise<T>, withinMs = hourMs): Promise<T | null> {
    let isDone = false;
    const settled = work.finally(() => (isDone = true));
    settled.catch(() => undefined);
    await advance(agenda.now() + withinMs, () => isDone);
    return isDone ? settled : null;
  }
  return { advance, complete };
}

export const describeFault = ({ id, kind, step, station, atMs, lastsMs }: Fault): string =>
  `${id}: ${kind} at ${step}, station ${station + 1}, from minute ${Math.round(atMs / 60_000)}, ${Math.round(lastsMs / 1000)} s`;
