import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkRun, type RunInput } from "../checker/check-run.ts";
import { chuteOf, rejectChute, waybillOf } from "../scenarios/station-under-test.ts";
import { type FaultStation, stationId } from "./fault-station.ts";

export type WholeReport = {
  /** What the checker compared. */
  readonly counts: Readonly<Record<string, number>>;
  readonly parcels: number;
  readonly accepted: number;
};

/**
 * The end of every run: what the independent checker says of databases and devices, and each parcel where its barcode
 * belongs or in the reject lane. Both processes have ended. Throws with every disagreement.
 */
export async function expectWhole(station: FaultStation, cloud: RunInput["cloud"]): Promise<WholeReport> {
  const twinLog = join(station.folder, "twins.jsonl");
  writeFileSync(twinLog, await describeDevices(station));
  const { findings, counts } = await checkRun({
    quiesced: true,
    cloud,
    stations: [
      {
        stationId,
        factsFiles: [station.factsPath],
        ordersFile: station.ordersPath(),
        safeChutes: [rejectChute],
        benchLanes: [],
        twinLog,
        forked: false,
      },
    ],
  });
  const wrong = [
    ...findings.map((finding) => `${finding.rule}: ${finding.what}`),
    ...(await findMissorted(station)),
  ];
  if (wrong.length > 0) throw new Error(`the run is not whole:\n${wrong.slice(0, 20).join("\n")}`);
  return { counts, parcels: station.outcomes().size, accepted: station.accepted() };
}

/** The devices' own words as lines for the checker. When an effect came is not known here, only that it did. */
async function describeDevices({ twins }: FaultStation): Promise<string> {
  const atMs = Date.now();
  const ofSorter = twins.sorter.events.flatMap(({ event, parcelIndex, chute, result }) => {
    if (event === "command")
      return [{ atMs, event: "divert", sorter: "sorter", parcelIndex, chute, accepted: result === 1 }];
    return event === "confirm" ? [{ event: "landed", parcelIndex, chute }] : [];
  });
  const { jobs } = (await twins.printer.ask({ command: "state" })).state as { jobs: unknown[] };
  const labels = await Promise.all(
    jobs.map(async (_, number) => {
      const { base64 } = await twins.printer.ask({ command: "job", number });
      const text = Buffer.from(String(base64), "base64").toString("latin1");
      const keys = [...text.matchAll(/\^FD((?:WS|YT)\d+)\^FS/g)].map(([, key]) => key);
      return { atMs, event: "label", printer: "printer", keys };
    }),
  );
  return [...ofSorter, ...labels].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** By the order the parcel bears, whatever the facts say of it. */
async function findMissorted(station: FaultStation): Promise<string[]> {
  const { confirmed } = await station.sorterState();
  return [...station.sent()].flatMap((index) => {
    const chute = confirmed[index];
    if (chute === chuteOf(index) || chute === rejectChute) return [];
    return [`${waybillOf(index)} (${index}) lies in ${chute} and belongs into ${chuteOf(index)}`];
  });
}
