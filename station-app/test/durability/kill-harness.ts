import { waitUntil } from "./child-process.ts";
import { createRandom, type Random } from "./disk-model.ts";
import { type EngineProcess, type StationClient, startEngineProcess } from "./engine-process.ts";
import { findUnsettled, findViolations, questionTwins } from "./kill-invariants.ts";
import {
  type CrashPlan,
  type KillStation,
  type KillStationOptions,
  labelBytes,
  openKillStation,
  waybillOf,
} from "./kill-station.ts";
import { countEnded, factsNamed, readLog, readOpen } from "./read-log.ts";

const crashPoints = [
  "before-commit",
  "after-commit",
  "before-divert",
  "after-divert",
  "before-print",
  "after-print",
  "after-print-outcome",
  "before-write",
  "after-write",
] as const;
/** How an engine dies: at a passing of a named point, in the middle of a label, or whenever. */
const ways = [...crashPoints, "half-label", "any-moment"] as const;
export type Way = (typeof ways)[number];

export type KillReport = {
  /** Deaths by the way that was planned; "by hand": the point was not passed, the harness killed it after the play. */
  readonly kills: Readonly<Record<string, number>>;
  readonly duringRecovery: number;
  readonly violations: readonly string[];
  readonly facts: number;
  readonly parcels: number;
  readonly labels: number;
  readonly diverts: number;
  readonly unknownLabels: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

const beltParcels = 3;
/** Longer than a new engine's second question to the sorter takes. */
const heldMs = 700;
/** Passings of a point within one play, so that every one of them is hit now and then. */
const passings: Readonly<Partial<Record<Way, number>>> = {
  "before-commit": 22,
  "after-commit": 22,
  "before-write": 90,
  "after-write": 90,
};

/** Kills one station's engine again and again; after each death its log and its devices must agree. */
export async function killAgainAndAgain(
  options: KillStationOptions & { readonly kills: number; readonly seed: number },
): Promise<KillReport> {
  const random = createRandom(options.seed);
  const perKill = beltParcels + 1;
  const station = await openKillStation({ ...options, orders: options.kills * perKill + 10 });
  const kills: Record<string, number> = {};
  const violations: string[] = [];
  let seen: readonly string[] = [];
  let duringRecovery = 0;
  let played = 0;
  const check = async (when: string) => {
    violations.push(
      ...findViolations(station, seen, await questionTwins(station)).map((what) => `${when}: ${what}`),
    );
    seen = readLog(station.factsPath).texts;
  };

  try {
    for (let kill = 0; kill < options.kills && violations.length === 0; kill += 1) {
      const way = ways[kill % ways.length] ?? "any-moment";
      const engine = startEngineProcess(station.folder, station.configure(planCrash(way, random)));
      try {
        const patient = watchPatient(engine);
        await settle(station, patient);
        if (patient.dead()) duringRecovery += 1;
        else await playParcels(station, patient, { way, from: played++ * perKill + 1, random });
        const name = patient.dead() ? way : `${way}, by hand`;
        kills[name] = (kills[name] ?? 0) + 1;
      } finally {
        engine.kill();
      }
      const how = await engine.ended;
      if (how !== "SIGKILL")
        violations.push(`${way}: the engine ended by itself (${how}): ${engine.stderr()}`);
      await check(`after kill ${kill + 1} (${way}, seed ${options.seed})`);
    }
    violations.push(...(await endClean(station)));
    await check("at the end");
    violations.push(...findUnsettled(station, await questionTwins(station)));
    return { kills, duringRecovery, violations, ...countUp(station) };
  } finally {
    await station.close();
  }
}

function planCrash(way: Way, random: Random): CrashPlan | undefined {
  if (way === "half-label" || way === "any-moment") return undefined;
  return { point: way, count: 1 + Math.floor(random() * (passings[way] ?? 2)) };
}

/** A started engine and what can be asked of it; an answer is null once it is dead. */
type Patient = {
  readonly dead: () => boolean;
  readonly kill: () => void;
  readonly ask: <T>(call: (client: StationClient) => Promise<T>) => Promise<T | null>;
};

function watchPatient(engine: EngineProcess): Patient {
  let dead = false;
  const death = engine.ended.then(() => {
    dead = true;
    return null;
  });
  return {
    dead: () => dead,
    kill: engine.kill,
    ask: async (call) => {
      const client = await engine.ready;
      return client === null ? death : Promise.race([call(client).catch(() => null), death]);
    },
  };
}

/** Until nothing is open and every device is there, answering as a person would; or until the engine is dead. */
async function settle(station: KillStation, engine: Patient): Promise<void> {
  const open = () => readOpen(station.factsPath);
  let absent = ["the engine's answer"];
  await waitUntil(
    async () => {
      absent = await findAbsentDevices(engine);
      return engine.dead() || absent.length === 0;
    },
    () => `every device to be connected: ${absent.join(", ")}`,
  );
  // Time for a new engine to ask the sorter, and to do what it should not, while the parcels are still on the belt.
  if (station.held && open().length > 0) await pause(heldMs);
  await waitUntil(
    async () => {
      await answerQuestions(station, engine);
      await station.letGo();
      return engine.dead() || open().length === 0;
    },
    () =>
      `every parcel to be resolved: ${JSON.stringify(open())}, ${JSON.stringify(readLog(station.factsPath).facts.slice(-20))}`,
  );
}

async function findAbsentDevices(engine: Patient): Promise<string[]> {
  const status = await engine.ask((client) => client.station.status());
  if (status === null) return ["the engine's answer"];
  const absent = status.view.devices.filter(({ state }) => state !== "ready");
  return absent.map(({ deviceId, state, failure }) => `${deviceId} is ${state} (${failure?.code})`);
}

/** "Did the label come out?" The person looks at the printer and says the truth. */
async function answerQuestions(station: KillStation, engine: Patient): Promise<void> {
  for (const { parcelId, lane, orderId, label, outcome } of readOpen(station.factsPath)) {
    if (lane !== "bench" || label !== "unknown" || outcome !== null || engine.dead()) continue;
    const { labels } = await questionTwins(station);
    const answer = { laneId: lane, parcelId, printed: labels.has(orderId ?? ""), operatorId: "op-1" };
    await engine.ask((client) => client.lane.answerLabel(answer));
  }
}

type Play = { readonly way: Way; readonly from: number; readonly random: Random };

/** Parcels on the belt, one old and one new order at the bench, and the death that was planned. */
async function playParcels(
  station: KillStation,
  engine: Patient,
  { way, from, random }: Play,
): Promise<void> {
  const [belt, bench] = station.taps;
  const cutAfter = 1 + Math.floor(random() * (labelBytes - 1));
  if (way === "half-label") (random() < 0.5 ? belt : bench).cutAfter(cutAfter, engine.kill);
  const timer = way === "any-moment" ? setTimeout(engine.kill, random() * 1200) : undefined;
  const old = 1 + Math.floor(random() * (from + beltParcels - 1));
  await Promise.all([
    sendOverBelt(station, engine, from),
    packAtBench(station, engine, [old, from + beltParcels]),
  ]);
  const allDiverting = () => readOpen(station.factsPath).every(({ divert }) => divert !== null);
  await waitUntil(() => engine.dead() || allDiverting(), "every parcel to be sent to a chute");
  if (!engine.dead()) await station.letGo();
  await waitUntil(() => engine.dead() || readOpen(station.factsPath).length === 0, "the parcels to end");
  if (timer !== undefined) await waitUntil(engine.dead, "the death at any moment");
  for (const tap of station.taps) tap.disarm();
}

async function sendOverBelt({ twins, induct }: KillStation, engine: Patient, from: number): Promise<void> {
  const measures = { weightGrams: 210, lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };
  for (let parcelIndex = from; parcelIndex < from + beltParcels && !engine.dead(); parcelIndex += 1) {
    await induct(parcelIndex);
    await pause(40);
    await twins.dws.ask({
      command: "measure",
      index: parcelIndex,
      code: waybillOf(parcelIndex),
      ...measures,
    });
    await pause(40);
  }
}

async function packAtBench(station: KillStation, engine: Patient, orders: readonly number[]): Promise<void> {
  await station.twins.scale.ask({ command: "load", weightGrams: 205, settleMs: 0 });
  for (const order of orders) {
    if (engine.dead()) return;
    const before = countEnded(station.factsPath, "bench");
    await station.twins.scanner.ask({ command: "scan", data: waybillOf(order) });
    const ended = async () => {
      await answerQuestions(station, engine);
      return engine.dead() || countEnded(station.factsPath, "bench") > before;
    };
    await waitUntil(
      ended,
      () => `${waybillOf(order)} to end: ${JSON.stringify(readLog(station.factsPath).facts.slice(-20))}`,
    );
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The last start, without any death planned: everything is resolved, and the engine ends as it is asked to. */
async function endClean(station: KillStation): Promise<string[]> {
  const engine = startEngineProcess(station.folder, station.configure());
  try {
    const patient = watchPatient(engine);
    await settle(station, patient);
    if (patient.dead()) return [`the last engine ended by itself: ${engine.stderr()}`];
    engine.terminate();
    const how = await engine.ended;
    return how === "exit 0" ? [] : [`SIGTERM ended the engine with ${how}`];
  } finally {
    engine.kill();
  }
}

function countUp(station: KillStation) {
  const { facts } = readLog(station.factsPath);
  const outcomes: Record<string, number> = {};
  for (const { payload } of factsNamed(facts, "parcel.ended.v1"))
    outcomes[payload.outcome] = (outcomes[payload.outcome] ?? 0) + 1;
  return {
    facts: facts.length,
    parcels: factsNamed(facts, "parcel.inducted.v1").length,
    labels: factsNamed(facts, "label.requested.v1").length,
    diverts: factsNamed(facts, "divert.requested.v1").length,
    unknownLabels: factsNamed(facts, "label.unknown.v1").length,
    outcomes,
  };
}
