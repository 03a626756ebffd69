import type { Failure } from "@waystation/shared/failures/result";
import type { SessionEvent } from "@waystation/shared/session/events";
import { type CommandReply, stationIpcVersion } from "@waystation/shared/wire/station-ipc";
import type { CoreStatus } from "../core/messages.ts";
import { watchLoopDelay } from "./loop-delay.ts";
import { type StationRouter, stationProcedures } from "./rpc.ts";
import type { Upkeep } from "./upkeep.ts";
import type { ViewFeed } from "./view-feed.ts";

export type RouterDeps = {
  readonly stationId: string;
  readonly appVersion: string;
  readonly feed: ViewFeed;
  readonly command: (laneId: string, event: SessionEvent) => Promise<Failure | null>;
  readonly upkeep: Pick<Upkeep, "recordCalibration" | "checkZero">;
  readonly status: () => Promise<CoreStatus>;
};

const startedAt = Date.now();

/** What a screen or the command line may ask: look, and the few things a person may do to a lane. */
export function createStationRouter({
  stationId,
  appVersion,
  feed,
  command,
  upkeep,
  status,
}: RouterDeps): StationRouter {
  const { station, lane, scale } = stationProcedures;
  const readLoopDelay = watchLoopDelay();
  const reply = async (done: Promise<Failure | null>): Promise<CommandReply> => {
    const failure = await done;
    return failure === null
      ? { ok: true }
      : { ok: false, failure: { ...failure, details: { ...failure.details } } };
  };
  const run = (laneId: string, event: SessionEvent) => reply(command(laneId, event));
  return stationProcedures.router({
    station: {
      hello: station.hello.handler(() => ({ ipcVersion: stationIpcVersion, stationId, appVersion })),
      watch: station.watch.handler(({ signal }) => feed.subscribe(signal)),
      status: station.status.handler(async () => {
        const now = await status();
        const processes = [
          {
            name: "engine",
            pid: process.pid,
            memoryMegabytes: Math.round(process.memoryUsage.rss() / 1e5) / 10,
            uptimeSeconds: Math.round((Date.now() - startedAt) / 1000),
          },
        ];
        return {
          view: feed.current(),
          processes,
          backlog: now.recorded - now.acknowledged.receivedThrough,
          logId: now.logId,
          decisionMs: now.decisionMs,
          edgeLoopDelayMs: readLoopDelay(),
        };
      }),
    },
    scale: {
      recordCalibration: scale.recordCalibration.handler(({ input }) =>
        reply(upkeep.recordCalibration(input)),
      ),
      checkZero: scale.checkZero.handler(({ input }) =>
        reply(upkeep.checkZero(input.deviceId, input.operatorId)),
      ),
    },
    lane: {
      stop: lane.stop.handler(({ input }) =>
        run(input.laneId, { kind: "stopped", reason: input.reason, operatorId: input.operatorId }),
      ),
      resume: lane.resume.handler(({ input }) =>
        run(input.laneId, { kind: "resumed", operatorId: input.operatorId }),
      ),
      enterBarcode: lane.enterBarcode.handler(({ input: { laneId, ...rest } }) =>
        run(laneId, { kind: "manual-barcode", ...rest }),
      ),
      wedgeScan: lane.wedgeScan.handler(({ input }) =>
        run(input.laneId, {
          kind: "reading",
          deviceId: "wedge",
          reading: { kind: "scan", data: input.data, symbology: input.symbology ?? "unknown" },
        }),
      ),
      answerLabel: lane.answerLabel.handler(({ input: { laneId, ...rest } }) =>
        run(laneId, { kind: "label-answered", ...rest }),
      ),
      clearParcel: lane.clearParcel.handler(({ input: { laneId, ...rest } }) =>
        run(laneId, { kind: "cleared", ...rest }),
      ),
    },
  });
}
