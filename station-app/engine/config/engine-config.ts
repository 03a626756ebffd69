import { readFileSync } from "node:fs";
import { deviceBindingSchema } from "@waystation/drivers/connect-device";
import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { upkeepRulesSchema } from "@waystation/shared/session/upkeep";
import { z } from "zod";

const id = z.string().min(1).max(64);
const milliseconds = z.int().min(1).max(3_600_000);
const window = z.strictObject({ fromMs: z.int().min(0), toMs: milliseconds });

const laneSchema = z.strictObject({
  laneId: id,
  kind: z.enum(["belt", "bench"]),
  steps: z.array(z.enum(["weigh", "measure", "label", "divert"])).max(4),
  devices: z.partialRecord(z.enum(["scanner", "scale", "dimensioner", "printer", "sorter"]), id),
  decideWithinMs: milliseconds.default(3000),
  labelWithinMs: milliseconds.default(4000),
  divertWithinMs: milliseconds.default(2000),
  confirmWithinMs: milliseconds.default(15_000),
  weighAgainMs: milliseconds.default(1000),
  maxInFlight: z.int().min(1).max(256).default(32),
  windows: z.strictObject({ scan: window, weight: window, size: window }).default({
    scan: { fromMs: 0, toMs: 3000 },
    weight: { fromMs: 0, toMs: 3000 },
    size: { fromMs: 0, toMs: 3000 },
  }),
});

const deviceSchema = deviceBindingSchema.extend({
  /** For scales: when people are warned. Absent: nobody looks after it here. */
  upkeep: upkeepRulesSchema.optional(),
});

/** A week of a belt at full speed is about 1,500 MB of facts. */
const diskSchema = z
  .strictObject({
    /** Free space below which people are warned. */
    warnBelowMegabytes: z.int().min(0).max(1_000_000).default(2048),
    /** Free space below which no new parcel is taken; those under way end as usual. */
    refuseBelowMegabytes: z.int().min(0).max(1_000_000).default(512),
    /** What the cloud holds for good stays here so long, counted in time the station runs. */
    keepDays: z.int().min(1).max(3650).default(30),
    /** Above it what the cloud holds for good goes earlier. What it does not hold stays in any case. */
    factsMegabytes: z.int().min(64).max(1_000_000).default(8192),
    /** Orders known as handled after the facts of their parcels went: a duplicate is noticed that long. */
    handledOrders: z.int().min(1000).max(100_000_000).default(1_000_000),
  })
  .refine(({ warnBelowMegabytes: warn, refuseBelowMegabytes: refuse }) => refuse <= warn, {
    message: "refuseBelowMegabytes must not be above warnBelowMegabytes",
  });

/** Everything the engine is told at its start; an unknown key is an error. */
export const engineConfigSchema = z.strictObject({
  version: z.literal(1),
  stationId: id,
  dataDir: z.string().min(1),
  /** Absent: the station works alone and keeps its facts. */
  cloud: z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }),
      /** Where `waystation station enrol` put the station's key. */
      keyFile: z.string().min(1),
      /** Facts gather so long before they are sent: what one parcel brings goes up together. */
      sendEveryMs: z.int().min(0).max(600_000).default(200),
      /** How long a request may be held that waits for news; the cloud answers it after 20 s at the latest. */
      newsWithinMs: z.int().min(1000).max(3_600_000).default(45_000),
      reportEveryMs: z.int().min(1000).max(3_600_000).default(60_000),
    })
    .optional(),
  /** Absent under Electron, where the screen comes through a MessagePort. */
  screen: z
    .strictObject({
      host: z.string().default("127.0.0.1"),
      port: z.int().min(0).max(65_535),
      token: z.string().min(16),
      staticDir: z.string(),
    })
    .optional(),
  disk: diskSchema.prefault({}),
  lanes: z.array(laneSchema).min(1).max(16),
  devices: z.array(deviceSchema).max(64),
  /** Where a technician's own device definitions lie. */
  definitionsDir: z.string().min(1).optional(),
  /** Until the cloud has sent a sort plan, everything goes here. */
  rejectChute: z.int().min(1).max(9999),
  labelTimeoutMs: milliseconds.default(10_000),
  weighTimeoutMs: milliseconds.default(3000),
  /** How often the next verdict is rehearsed while a parcel is before the gate of a belt; 0: never. */
  rehearseEveryMs: z.int().min(0).max(60_000).default(2),
  /** Tests only: kill the process at the n-th passing of a named point. */
  crashAt: z.strictObject({ point: z.string(), count: z.int().min(1) }).optional(),
});
export type EngineConfig = z.infer<typeof engineConfigSchema>;

/** Parses once at entry; the sentence names the first wrong field. */
export function parseEngineConfig(value: unknown): Result<EngineConfig> {
  const parsed = engineConfigSchema.safeParse(value);
  if (!parsed.success) return invalid(describeIssue(parsed.error));
  return checkReferences(parsed.data) ?? succeed(Object.freeze(parsed.data));
}

export function loadEngineConfig(path: string): Result<EngineConfig> {
  try {
    return parseEngineConfig(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    return fail("config.invalid", { reason: `${path} cannot be read as JSON` }, error);
  }
}

function checkReferences(config: EngineConfig): { ok: false; failure: Failure } | undefined {
  const known = new Set(config.devices.map(({ deviceId }) => deviceId));
  if (known.size !== config.devices.length) return invalid("devices: two devices have the same deviceId");
  if (new Set(config.lanes.map(({ laneId }) => laneId)).size !== config.lanes.length)
    return invalid("lanes: two lanes have the same laneId");
  for (const lane of config.lanes)
    for (const [role, deviceId] of Object.entries(lane.devices))
      if (!known.has(deviceId))
        return invalid(`lanes.${lane.laneId}.devices.${role}: there is no device ${deviceId}`);
  return config.lanes.map(checkSteps).find((found) => found !== undefined);
}

/** A step without its device would let every parcel wait until its deadline. */
function checkSteps({ laneId, kind, steps, devices }: EngineConfig["lanes"][number]) {
  const roles = {
    weigh: kind === "belt" ? (["scale", "dimensioner"] as const) : (["scale"] as const),
    measure: ["dimensioner"],
    label: ["printer"],
    divert: ["sorter"],
  } as const;
  const missing = steps.find((name) => roles[name].every((role) => devices[role] === undefined));
  if (missing === undefined) return undefined;
  return invalid(`lanes.${laneId}.steps: "${missing}" needs a ${roles[missing].join(" or a ")} in devices`);
}

const invalid = (reason: string): { ok: false; failure: Failure } => fail("config.invalid", { reason });

function describeIssue(error: z.ZodError): string {
  const [issue] = error.issues;
  return issue === undefined ? "unknown reason" : `${issue.path.join(".") || "(root)"}: ${issue.message}`;
}
