import { serveStationRpc, stationProcedures } from "../../engine/edge/rpc.ts";
import { createViewFeed, type ViewFeed } from "../../engine/edge/view-feed.ts";
import type { DeviceView, LaneView, ParcelView, StationView } from "@waystation/shared/session/view";
import type { CommandReply } from "@waystation/shared/wire/station-ipc";

/** A station whose views the test writes: the product's own server and feed, without an engine behind them. */
export type ScriptedStation = {
  readonly url: string;
  readonly port: number;
  readonly feed: ViewFeed;
  /** Every command that came in, oldest first. */
  readonly commands: { name: string; input: unknown }[];
  /** Answers of the next commands; when empty, every command succeeds. */
  readonly replies: (CommandReply | Promise<CommandReply>)[];
  readonly close: () => Promise<void>;
};

type Start = { view: StationView; staticDir: string; port?: number; token?: string; ipcVersion?: number };

export async function startScriptedStation({
  view,
  staticDir,
  port = 0,
  token = "e2e-token",
  ipcVersion = 1,
}: Start): Promise<ScriptedStation> {
  const feed = createViewFeed(view);
  const commands: ScriptedStation["commands"] = [];
  const replies: ScriptedStation["replies"] = [];
  const record =
    (name: string) =>
    async ({ input }: { input: unknown }): Promise<CommandReply> => {
      commands.push({ name, input });
      return replies.shift() ?? { ok: true };
    };
  const { station, lane, scale } = stationProcedures;
  const router = stationProcedures.router({
    station: {
      hello: station.hello.handler(() => ({ ipcVersion, stationId: view.stationId, appVersion: "0" })),
      watch: station.watch.handler(({ signal }) => feed.subscribe(signal)),
      status: station.status.handler(() => ({
        view: feed.current(),
        processes: [],
        backlog: 0,
        logId: "log-1",
        decisionMs: { p50: 0, p99: 0, count: 0 },
      })),
    },
    scale: {
      recordCalibration: scale.recordCalibration.handler(record("recordCalibration")),
      checkZero: scale.checkZero.handler(record("checkZero")),
    },
    lane: {
      stop: lane.stop.handler(record("stop")),
      resume: lane.resume.handler(record("resume")),
      enterBarcode: lane.enterBarcode.handler(record("enterBarcode")),
      wedgeScan: lane.wedgeScan.handler(record("wedgeScan")),
      answerLabel: lane.answerLabel.handler(record("answerLabel")),
      clearParcel: lane.clearParcel.handler(record("clearParcel")),
    },
  });
  const served = await serveStationRpc({ router, http: { port, token, staticDir } });
  if (!served.ok) throw new Error(`${served.failure.code} ${JSON.stringify(served.failure.details)}`);
  const { url, close } = served.value;
  if (url === null) throw new Error("served without http");
  return { url, port: Number(new URL(url).port), feed, commands, replies, close };
}

let made = 0;
export function makeParcel(change: Partial<ParcelView> = {}): ParcelView {
  made += 1;
  return {
    parcelId: `parcel-${made}`,
    parcelIndex: made,
    phase: "gathering",
    needs: null,
    barcode: `LP0047${String(made).padStart(4, "0")}1182CN`,
    weightGrams: 842,
    size: "300 x 200 x 100",
    orderId: `order-${made}`,
    channelCode: "EUB-FR",
    country: "FR",
    verdict: null,
    outcome: null,
    reasons: [],
    chute: null,
    changedAtMs: Date.UTC(2026, 10, 22, 8, 30, made),
    ...change,
  };
}

export const accepted = (change: Partial<ParcelView> = {}): ParcelView =>
  makeParcel({ phase: "diverting", verdict: "accepted", chute: 12, ...change });

export const makeLane = (change: Partial<LaneView> = {}): LaneView => ({
  laneId: "lane-1",
  profile: "belt",
  status: "running",
  stopReason: null,
  parcels: [],
  recent: [],
  counts: { accepted: 0, intercepted: 0, rejected: 0, noRead: 0 },
  deviceIds: ["scale-1", "scanner-1", "dimensioner-1", "printer-1", "sorter-1"],
  ...change,
});

export const makeDevice = (kind: DeviceView["kind"], change: Partial<DeviceView> = {}): DeviceView => ({
  deviceId: `${kind}-1`,
  kind,
  model: "model",
  state: "ready",
  failure: null,
  ...change,
});

export const makeView = (
  lanes: LaneView[] = [makeLane()],
  change: Partial<StationView> = {},
): StationView => ({
  stationId: "shenzhen-07",
  bootId: "boot-1",
  lanes,
  devices: (["scale", "scanner", "dimensioner", "printer", "sorter"] as const).map((kind) =>
    makeDevice(kind),
  ),
  link: { cloud: "online", failure: null, factsRecorded: 1204, factsAcknowledged: 1204, ordersVisible: 318 },
  ...change,
});
