import { resolve } from "node:path";
import { describeFailure, failureCatalog, type FailureCode } from "@waystation/shared/failures/catalog";
import type { Command } from "commander";
import type { StationStatus } from "../ask-station.ts";
import { layOutTable, printJson, printText, reportFailure } from "../output.ts";
import type { RunState } from "../processes/run-file.ts";
import { defaultDataFolder } from "../start/default-folder.ts";

const help = `
Asks the running station. Exit code 1 when none runs on the data folder or it does not answer.

Examples:
  waystation status
  waystation status --data /srv/waystation --json`;

export function addStatusCommand(program: Command): void {
  program
    .command("status")
    .description("show processes, lanes, devices and what waits for the cloud")
    .option("--data <folder>", "the data folder", defaultDataFolder)
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action(async ({ data, json }: { data: string; json: boolean }) => {
      const { findStation, readStatus } = await import("../ask-station.ts");
      const station = await findStation(resolve(data));
      if (!station.ok) return reportFailure(station.failure, { json });
      const { run } = station.value;
      const status = await readStatus(station.value);
      if (!status.ok) return reportFailure(status.failure, { json });
      const shown = {
        pid: run.pid,
        startedAt: run.startedAt,
        urls: run.urls,
        started: run.processes,
        ...status.value,
      };
      if (json) return printJson(shown);
      printText(...describeRun(run), "", ...describeStation(status.value));
    });
}

function describeRun({ pid, startedAt, urls, processes }: RunState): string[] {
  return [
    `Started  ${startedAt} by process ${pid}`,
    `Station  ${urls.station ?? "-"}`,
    `Cloud    ${urls.cloud ?? "-"}`,
    "",
    ...layOutTable([["PROCESS", "PID"], ...processes.map((child) => [child.name, String(child.pid)])]),
  ];
}

function describeStation({ view, processes, backlog, decisionMs }: StationStatus): string[] {
  const lanes = view.lanes.map(({ laneId, profile, status, parcels, counts }) => [
    laneId,
    profile,
    status,
    String(parcels.length),
    ...[counts.accepted, counts.intercepted, counts.rejected, counts.noRead].map(String),
  ]);
  const devices = view.devices.map(({ deviceId, model, state, failure, upkeep }) => [
    deviceId,
    model,
    state,
    [...(failure === null ? [] : [failure]), ...(upkeep?.warnings ?? [])].map(sentenceOf).join(" "),
  ]);
  const memory = processes.map(
    ({ name, memoryMegabytes, uptimeSeconds }) => `${name} ${memoryMegabytes} MB, up ${uptimeSeconds} s`,
  );
  return [
    ...layOutTable([
      ["LANE", "KIND", "STATE", "NOW", "ACCEPTED", "INTERCEPTED", "REJECTED", "NO-READ"],
      ...lanes,
    ]),
    "",
    ...layOutTable([["DEVICE", "MODEL", "STATE", ""], ...devices]),
    "",
    `Cloud link     ${view.link.cloud}, ${backlog} facts wait to be sent, ${view.link.ordersVisible} orders visible`,
    ...(view.link.notices ?? []).map((notice) => `Notice         ${sentenceOf(notice)}`),
    ...describeClock(view.link.clockOffsetMs ?? 0),
    `Decisions      ${decisionMs.count}, half within ${decisionMs.p50} ms, 99 of 100 within ${decisionMs.p99} ms`,
    `Memory         ${memory.join("; ")}`,
  ];
}

/** Said only beyond two minutes: nothing depends on this machine's clock but the times people read. */
const describeClock = (offsetMs: number): string[] =>
  Math.abs(offsetMs) <= 120_000
    ? []
    : [`Clock          ${Math.round(offsetMs / 1000)} s away from the cloud's: set this machine's clock`];

type ShownFailure = NonNullable<StationStatus["view"]["link"]["failure"]>;
const isKnown = (code: string): code is FailureCode => code in failureCatalog;
const sentenceOf = ({ code, details }: ShownFailure): string =>
  isKnown(code) ? describeFailure({ code, details }) : code;
