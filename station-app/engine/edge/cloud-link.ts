import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Result } from "@waystation/shared/failures/result";
import type { StationView } from "@waystation/shared/session/view";
import { type StationReport, type UploadFactsReply, wireVersion } from "@waystation/shared/wire/cloud-http";
import type { EngineConfig } from "../config/engine-config.ts";
import type { CoreInput, CoreStatus } from "../core/messages.ts";
import type { ReplicaInput, ReplicaOutput } from "../replica/messages.ts";
import type { PackedFacts } from "../replica/pack-facts.ts";
import type { createAsks } from "./ask-thread.ts";
import { createCloudAccess, otherStation, trimSlash } from "./cloud-access.ts";
import { readFreeBytes } from "./disk-watch.ts";
import type { Link } from "./link-view.ts";
import { reportTimes, startReports } from "./report.ts";
import { openKeyFile } from "./station-key.ts";
import { type LogPosition, startUplink } from "./uplink.ts";

export type CloudLinkDeps = {
  readonly config: EngineConfig;
  readonly appVersion: string;
  readonly factsPath: string;
  readonly status: CoreStatus;
  readonly core: { readonly post: (message: CoreInput) => void };
  readonly replica: { readonly post: (message: ReplicaInput) => void };
  readonly asks: ReturnType<typeof createAsks>;
  readonly link: Link;
  readonly view: () => StationView;
};

export type CloudLink = ReturnType<typeof startCloudLink>;

const remindMs = 10_000;
const saveEveryMs = 500;

/** A key that says another station than the configuration would sign facts that name somebody else. */
export async function checkIdentity({ cloud, stationId }: EngineConfig): Promise<Result<null>> {
  if (cloud === undefined) return { ok: true, value: null };
  const keys = await openKeyFile(cloud.keyFile).load();
  const enrolled = keys.ok ? keys.value?.enrolled : null;
  // Without a usable key the parcels go on; the screen says what is missing.
  if (enrolled == null || enrolled.stationId === stationId) return { ok: true, value: null };
  return otherStation(cloud.keyFile, enrolled.stationId, { stationId });
}

/** Everything the edge says to the cloud: who it is, its facts, how it is. It never waits for any of it. */
export function startCloudLink(cloud: NonNullable<EngineConfig["cloud"]>, deps: CloudLinkDeps) {
  const { config, core, replica, link, status, asks } = deps;
  const url = trimSlash(cloud.url);
  const { stationId } = config;
  const access = createCloudAccess({
    url,
    stationId,
    keys: openKeyFile(cloud.keyFile),
    onToken: ({ token, clockOffsetMs }) => {
      link.set("access", null);
      link.clock(clockOffsetMs);
      replica.post({ kind: "token", token });
      uplink.hurry();
    },
    onFailure: (failure) => link.set("access", failure),
  });
  const uplink = startUplink(
    {
      url,
      stationId,
      access,
      pack: (request) =>
        asks.ask<PackedFacts | null>((requestId) => replica.post({ kind: "pack-facts", requestId, request })),
      onAcknowledged: (logId, reply) => {
        if (logId !== status.logId) return core.post({ kind: "former-acknowledged", logId, ...reply });
        link.acknowledged(reply.receivedThrough);
        saveSoon(reply);
      },
      onRestored: (logId, reply) => {
        const isRestored = true;
        if (logId !== status.logId)
          return core.post({ kind: "former-acknowledged", logId, ...reply, isRestored });
        link.acknowledged(reply.receivedThrough);
        // What was to be saved was said by the cloud as it was before.
        unsaved = null;
        core.post({ kind: "acknowledged", ...reply, isRestored });
      },
      onEnded: (logId, through) => core.post({ kind: "former-settled", logId, through }),
      onLink: (failure) => link.set("uplink", failure),
    },
    positionsOf(status),
  );
  let gathering: NodeJS.Timeout | undefined;
  let gathered = 0;

  /** The first fact after a rest starts the clock; a backlog goes on by itself. */
  function gather(sequence: number): void {
    gathered = sequence;
    gathering ??= setTimeout(() => {
      gathering = undefined;
      uplink.notify(gathered);
    }, cloud.sendEveryMs);
  }

  const reports = startReports({
    url,
    stationId,
    access,
    times: { ...reportTimes, everyMs: cloud.reportEveryMs },
    compose: () => composeReport(deps),
    onReply: ({ clockOffsetMs }) => link.clock(clockOffsetMs),
  });
  let unsaved: UploadFactsReply | null = null;
  let saving: NodeJS.Timeout | undefined;

  /** Each is a synced commit on the thread that decides: while a backlog drains the newest of a while is enough. */
  function saveSoon(reply: UploadFactsReply): void {
    unsaved = reply;
    saving ??= setTimeout(save, saveEveryMs);
  }

  function save(): void {
    clearTimeout(saving);
    saving = undefined;
    if (unsaved !== null) core.post({ kind: "acknowledged", ...unsaved });
    unsaved = null;
  }

  let shown = "";
  let reminder: NodeJS.Timeout | undefined;

  /** The replica may have asked with the token before this one, which is on its way to it or was lost on it. */
  function refuseForReplica(): void {
    if (access.refuseOlder() || reminder !== undefined) return;
    reminder = setTimeout(() => {
      reminder = undefined;
      void access.token().then((token) => token.ok && replica.post({ kind: "token", token: token.value }));
    }, remindMs);
  }

  return {
    notify: gather,
    /** A lane's or a device's state may have changed. */
    look(): void {
      const state = describeStates(deps.view());
      if (state === shown) return;
      shown = state;
      reports.changed();
    },
    take(message: Extract<ReplicaOutput, { kind: FromReplica }>): void {
      switch (message.kind) {
        case "acknowledged":
          return uplink.learn(message.acknowledgement);
        case "acknowledgements":
          return uplink.compareAll(message.rows);
        case "token-refused":
          return refuseForReplica();
        case "link":
          link.set("replica", message.failure);
          if (message.failure === null) uplink.hurry();
      }
    },
    stop(): void {
      save();
      clearTimeout(reminder);
      clearTimeout(gathering);
      access.stop();
      uplink.stop();
      reports.stop();
    },
  };
}

type FromReplica = "acknowledged" | "acknowledgements" | "token-refused" | "link";

/** Logs saved from damaged files go first: they are older. */
function positionsOf({ logId, recorded, acknowledged, formerLogs }: CoreStatus): LogPosition[] {
  const former = formerLogs
    .filter(({ waits }) => waits)
    .map((log) => ({
      logId: log.logId,
      recorded: log.lastSequence ?? 0,
      acknowledged: log.receivedThrough,
    }));
  return [...former, { logId, recorded, acknowledged: acknowledged.receivedThrough }];
}

const describeStates = ({ lanes, devices }: StationView): string =>
  JSON.stringify([
    lanes.map(({ laneId, status }) => [laneId, status]),
    devices.map(({ deviceId, state, failure }) => [deviceId, state, failure?.code]),
  ]);

async function composeReport({
  appVersion,
  factsPath,
  status,
  view,
}: CloudLinkDeps): Promise<Omit<StationReport, "clockMs">> {
  const { bootId, lanes, devices, link } = view();
  return {
    wireVersion,
    appVersion,
    bootId,
    log: { logId: status.logId, recorded: link.factsRecorded, acknowledged: link.factsAcknowledged },
    ordersVisible: link.ordersVisible,
    disk: await readDisk(factsPath),
    lanes: lanes.map((lane) => ({ laneId: lane.laneId, status: lane.status })),
    devices: devices.map(({ deviceId, kind, model, state, failure }) => ({
      deviceId,
      kind,
      model: model.slice(0, 80),
      state,
      failureCode: failure?.code ?? null,
    })),
  };
}

async function readDisk(factsPath: string): Promise<StationReport["disk"]> {
  try {
    const { size: factsBytes } = await stat(factsPath);
    return { freeBytes: await readFreeBytes(dirname(factsPath)), factsBytes };
  } catch {
    return null;
  }
}
