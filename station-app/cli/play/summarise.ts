import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { z } from "zod";
import type { RunSummary, Station } from "../start/station.ts";
import { stationId } from "../start/plan.ts";
import type { StationFiles } from "./read-station.ts";

const cloudCountsSchema = z.object({
  outcomes: z.record(z.string(), z.int()),
  factTypes: z.record(z.string(), z.int()),
  received: z.int(),
});

/** Counts in the station's files and in the cloud's database; a difference is a failure, not a number. */
export async function summarise(
  station: Station,
  files: StationFiles,
  seconds: number,
): Promise<Result<RunSummary>> {
  const cloud = await station.cloud({ path: `/v1/console/stations/${stationId}/counts` }, cloudCountsSchema);
  if (!cloud.ok) return cloud;
  const outcomes = files.countOutcomes();
  const local = {
    accepted: outcomes.accepted ?? 0,
    intercepted: outcomes.intercepted ?? 0,
    rejected: outcomes.rejected ?? 0,
    noRead: outcomes["no-read"] ?? 0,
    labelsPrinted: files.countFacts("label.printed"),
    divertsConfirmed: files.countFacts("divert.confirmed"),
  };
  const remote: typeof local = {
    accepted: cloud.value.outcomes.accepted ?? 0,
    intercepted: cloud.value.outcomes.intercepted ?? 0,
    rejected: cloud.value.outcomes.rejected ?? 0,
    noRead: cloud.value.outcomes["no-read"] ?? 0,
    labelsPrinted: cloud.value.factTypes["label.printed"] ?? 0,
    divertsConfirmed: cloud.value.factTypes["divert.confirmed"] ?? 0,
  };
  const factsRecorded = files.lastSequence();
  const factsAcknowledged = cloud.value.received;
  if (factsRecorded === factsAcknowledged && JSON.stringify(local) !== JSON.stringify(remote))
    return fail("run.incomplete", {
      reason: `station and cloud count differently: ${JSON.stringify(local)} and ${JSON.stringify(remote)}`,
    });
  const parcels = Object.values(outcomes).reduce((sum, count) => sum + count, 0);
  const status = await station.readStatus();
  if (!status.ok) return status;
  const { p50, p99 } = status.value.decisionMs;
  return succeed({
    parcels,
    ...local,
    factsRecorded,
    factsAcknowledged,
    decisionMs: { p50, p99 },
    seconds: Math.round(seconds * 10) / 10,
  });
}
