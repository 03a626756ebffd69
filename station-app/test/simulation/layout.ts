import type { z } from "zod";
import type { engineConfigSchema } from "../../engine/config/engine-config.ts";
import { cloudUrl } from "./cloud.ts";

type ConfigInput = z.input<typeof engineConfigSchema>;

/** How long the belt is and how often the devices are asked: at a slow site every few seconds, at a fast one all the time. */
export type Layout = {
  readonly pollMs: number;
  readonly beatMs: number;
  readonly quietMs: number;
  /** A few times for each parcel, where a real station does it a thousand times. */
  readonly rehearseEveryMs: number;
  /** From the trigger to the gate. */
  readonly gateMs: { readonly least: number; readonly most: number };
  readonly sorter: { readonly decisionMs: number; readonly travelMs: number; readonly heartbeatMs: number };
  readonly lane: Pick<
    ConfigInput["lanes"][number],
    "decideWithinMs" | "labelWithinMs" | "divertWithinMs" | "confirmWithinMs" | "windows"
  >;
};

const window = (toMs: number) => {
  const each = { fromMs: 0, toMs };
  return { scan: each, weight: each, size: each };
};

export const layouts = {
  slow: {
    pollMs: 8000,
    beatMs: 10_000,
    quietMs: 20_000,
    rehearseEveryMs: 2000,
    gateMs: { least: 5000, most: 6500 },
    sorter: { decisionMs: 20_000, travelMs: 22_000, heartbeatMs: 10_000 },
    lane: {
      decideWithinMs: 11_500,
      labelWithinMs: 5000,
      divertWithinMs: 18_000,
      confirmWithinMs: 45_000,
      windows: window(10_000),
    },
  },
  fast: {
    pollMs: 250,
    beatMs: 5000,
    quietMs: 2000,
    rehearseEveryMs: 80,
    gateMs: { least: 200, most: 300 },
    sorter: { decisionMs: 2500, travelMs: 3000, heartbeatMs: 500 },
    lane: {
      decideWithinMs: 800,
      labelWithinMs: 1500,
      divertWithinMs: 2300,
      confirmWithinMs: 8000,
      windows: window(700),
    },
  },
} as const satisfies Record<string, Layout>;

export type StationPlan = {
  readonly stationId: string;
  readonly dataDir: string;
  readonly keyFile: string;
  readonly layout: Layout;
  readonly sendEveryMs: number;
};

/** Belt and bench with one printer between them, as `npm start` has it. */
export function planStation({ stationId, dataDir, keyFile, layout, sendEveryMs }: StationPlan): ConfigInput {
  const nowhere = { type: "tcp", host: "127.0.0.1", port: 1 } as const;
  const { lane, pollMs, beatMs: heartbeatMs, quietMs, rehearseEveryMs } = layout;
  const beats = { pollMs, heartbeatMs, silenceMs: heartbeatMs * 2.4, echoTimeoutMs: 2500 };
  return {
    version: 1,
    stationId,
    dataDir,
    cloud: { url: cloudUrl, keyFile, sendEveryMs, newsWithinMs: 3_000_000, reportEveryMs: 900_000 },
    rejectChute: 99,
    rehearseEveryMs,
    disk: { warnBelowMegabytes: 2048, refuseBelowMegabytes: 512 },
    devices: [
      { deviceId: "gate", model: "dws-indexed", connection: nowhere },
      { deviceId: "sorter", model: "modbus-sorter", connection: nowhere, options: beats },
      { deviceId: "printer", model: "zebra-zt411", connection: nowhere, quietMs },
      { deviceId: "scanner", model: "honeywell-serial", connection: nowhere },
      { deviceId: "scale", model: "mettler-toledo-ics", connection: nowhere, quietMs },
    ],
    lanes: [
      {
        laneId: "belt",
        kind: "belt",
        steps: ["weigh", "measure", "label", "divert"],
        devices: { dimensioner: "gate", sorter: "sorter", printer: "printer" },
        ...lane,
      },
      {
        laneId: "bench",
        kind: "bench",
        steps: ["weigh", "label"],
        devices: { scanner: "scanner", scale: "scale", printer: "printer" },
        ...lane,
      },
    ],
  };
}
