import type { EngineConfig } from "../../engine/config/engine-config.ts";
import { screenToken } from "./engine-process.ts";

const anyTime = { fromMs: 0, toMs: 3000 };

/** A bench without any device: what a person enters on the screen is enough to make facts. */
export const configureBareStation = (dataDir: string): EngineConfig => ({
  version: 1,
  stationId: "station-1",
  dataDir,
  screen: { host: "127.0.0.1", port: 0, token: screenToken, staticDir: dataDir },
  lanes: [
    {
      laneId: "bench",
      kind: "bench",
      steps: [],
      devices: {},
      decideWithinMs: 3000,
      labelWithinMs: 3000,
      divertWithinMs: 3000,
      confirmWithinMs: 3000,
      weighAgainMs: 1000,
      maxInFlight: 8,
      windows: { scan: anyTime, weight: anyTime, size: anyTime },
    },
  ],
  devices: [],
  disk: {
    warnBelowMegabytes: 0,
    refuseBelowMegabytes: 0,
    keepDays: 30,
    factsMegabytes: 8192,
    handledOrders: 1_000_000,
  },
  rejectChute: 99,
  labelTimeoutMs: 1000,
  weighTimeoutMs: 1000,
  rehearseEveryMs: 0,
});
