import { indexedGate } from "@waystation/drivers/twins/dws";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "@waystation/shared/failures/assert";
import { z } from "zod";
import type { engineConfigSchema } from "../../engine/config/engine-config.ts";
import { engineEnvironment, engineExecArgv } from "../../engine/config/runtime.ts";
import type { ReadyMessage } from "../processes/launch-child.ts";
import { type ChildSpec, defaultRestart } from "../processes/supervise-child.ts";
import type { DataFolder } from "./data-folder.ts";
import type { RunOptions, StartOptions } from "./start-options.ts";

/** Which processes a start consists of, and what each is told. Nothing is started here. */

const root = join(import.meta.dirname, "../../..");
export const stationId = "station-1";

/** Feeder and engine first, so that nothing arrives at a device or a cloud that is gone. */
export const stopOrder = ["feeder", "engine", "cloud", "twins"] as const;

export type Tokens = { readonly station: string; readonly admin: string };
/** Fresh for every launch; nothing to keep secret on disk beyond the run file. */
export const makeTokens = (): Tokens => ({
  station: randomBytes(24).toString("base64url"),
  admin: randomBytes(24).toString("base64url"),
});

type Context = { readonly data: DataFolder; readonly options: RunOptions; readonly tokens: Tokens };

const common = ({ data, options }: Context, name: string) => ({
  name,
  logPath: join(data.logs, `${name}.log`),
  // A station may save millions of facts from a damaged file before it is ready.
  readyTimeoutMs: 300_000,
  stopTimeoutMs: 10_000,
  restart: options.exit ? null : defaultRestart,
});

export function planCloud(context: Context): ChildSpec {
  const { data, options, tokens } = context;
  return {
    ...common(context, "cloud"),
    script: join(root, "cloud-api/server.ts"),
    endWithParent: true,
    command: (last) => ({
      env: {
        WAYSTATION_CLOUD_HOST: "127.0.0.1",
        WAYSTATION_CLOUD_PORT: String(last === null ? options.cloudPort : readPort(last)),
        WAYSTATION_CLOUD_DATA_DIR: data.cloud,
        WAYSTATION_CLOUD_ADMIN_TOKEN: tokens.admin,
      },
    }),
  };
}

/** Five devices: a belt with gate and sorter, a bench with scanner and scale, and one printer between them. */
export const demoDevices = [
  { deviceId: "belt-gate", family: "dws-delimited", model: "dws-indexed", serial: false },
  { deviceId: "belt-sorter", family: "modbus", model: "modbus-sorter", serial: false },
  { deviceId: "printer", family: "zpl", model: "zebra-zt411", serial: false },
  { deviceId: "bench-scanner", family: "serial-aim", model: "honeywell-serial", serial: true },
  { deviceId: "bench-scale", family: "mt-sics", model: "mettler-toledo-ics", serial: true },
] as const;
export type DemoDeviceId = (typeof demoDevices)[number]["deviceId"];
type RoleBinding = Readonly<Partial<Record<string, DemoDeviceId>>>;
type EngineConfigInput = z.input<typeof engineConfigSchema>;

/** A run that ends by itself has no belt to keep time with: its parcels wait for a busy machine rather than run past. */
const paces = {
  live: {
    sorter: { decisionMs: 3000, travelMs: 4000 },
    lane: { decideWithinMs: 2500, labelWithinMs: 2500, divertWithinMs: 3000, confirmWithinMs: 15_000 },
  },
  unhurried: {
    sorter: { decisionMs: 60_000, travelMs: 60_500, arriveAfterAssignMs: 20 },
    lane: { decideWithinMs: 30_000, labelWithinMs: 30_000, divertWithinMs: 60_000, confirmWithinMs: 90_000 },
  },
} as const;

const choosePace = ({ exit, rate }: StartOptions) =>
  exit && rate === undefined ? paces.unhurried : paces.live;

function planLanes(options: StartOptions): EngineConfigInput["lanes"] {
  const { lane } = choosePace(options);
  const window = { fromMs: 0, toMs: lane.decideWithinMs };
  const timing = { ...lane, windows: { scan: window, weight: window, size: window } };
  const belt = { dimensioner: "belt-gate", sorter: "belt-sorter", printer: "printer" } satisfies RoleBinding;
  const bench = { scanner: "bench-scanner", scale: "bench-scale", printer: "printer" } satisfies RoleBinding;
  return [
    {
      laneId: "belt",
      kind: "belt",
      steps: ["weigh", "measure", "label", "divert"],
      devices: belt,
      ...timing,
    },
    { laneId: "bench", kind: "bench", steps: ["weigh", "label"], devices: bench, ...timing },
  ];
}
export const rejectChute = 99;
/** The demonstration's sorter has the chutes of its sort plan, 98 for what a supervisor must look at. */
const chutesOfPlan = [...Array.from({ length: 12 }, (_, index) => index + 1), 98];

/** One twin per device, each a process of its own. After a restart it comes back under the same address. */
export function planTwins(context: Context): readonly ChildSpec[] {
  return demoDevices.map(({ deviceId, family, serial }) => ({
    ...common(context, deviceId),
    script: join(root, "drivers/twins/run-twin.ts"),
    command: (last) => {
      const connection = last === null ? null : readConnection(last);
      const port = connection?.type === "tcp" ? connection.port : 0;
      const options = {
        port,
        ...(serial ? { path: join(context.data.station, `tty-${deviceId}`) } : {}),
        ...(family === "dws-delimited" ? indexedGate : {}),
        ...(family === "modbus"
          ? { ...choosePace(context.options).sorter, chutes: chutesOfPlan, rejectChute }
          : {}),
      };
      return { args: [JSON.stringify({ family, options })] };
    },
  }));
}

/** @param twins the ready message of every twin by its name. @param cloud null: the station works alone. */
export function planEngine(
  context: Context,
  twins: ReadonlyMap<string, ReadyMessage>,
  cloud: EngineConfigInput["cloud"] | null,
): ChildSpec {
  const { data, options, tokens } = context;
  const configPath = join(data.station, "engine.json");
  const devices = demoDevices.map(({ deviceId, model }) => {
    const ready = twins.get(deviceId);
    assert(ready !== undefined, `the twin ${deviceId} was started before the engine`);
    const upkeep = deviceId === "bench-scale" ? { upkeep: { zeroCheckEveryHours: 24 } } : {};
    return { deviceId, model, connection: readConnection(ready), ...upkeep };
  });
  return {
    ...common(context, "engine"),
    script: join(root, "station-app/engine/entry.ts"),
    endWithParent: true,
    command: (last) => {
      const port = last === null ? options.port : readPort(last);
      const config: EngineConfigInput = {
        version: 1,
        stationId,
        dataDir: data.station,
        definitionsDir: join(data.path, "devices"),
        screen: { port, token: tokens.station, staticDir: join(root, "station-app/dist/renderer") },
        lanes: planLanes(options),
        devices,
        rejectChute,
        ...(cloud ? { cloud } : {}),
      };
      // Bears the tokens of this launch.
      writeFileSync(configPath, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
      return {
        execArgv: engineExecArgv,
        args: [configPath],
        env: engineEnvironment(data.station),
      };
    },
  };
}

const connectionSchema = z.looseObject({
  connection: z.discriminatedUnion("type", [
    z.object({ type: z.literal("tcp"), host: z.string(), port: z.int().min(1).max(65_535) }),
    z.object({ type: z.literal("serial"), path: z.string() }),
  ]),
});
const readConnection = (ready: ReadyMessage) => connectionSchema.parse(ready).connection;

const urlSchema = z.looseObject({ url: z.url() });
/** Where a ready child is reached. */
export const readUrl = (ready: ReadyMessage): string => urlSchema.parse(ready).url;
const readPort = (ready: ReadyMessage): number => Number(new URL(readUrl(ready)).port);
