import { type Result, succeed } from "@waystation/shared/failures/result";
import type { HubRow, Page, StationRow } from "../../modules/overview/console-contract.ts";
import type { CloudClient } from "../connection/cloud-client.ts";
import { useLoaded, useRoute } from "../connection/use-cloud.ts";
import { findNewestApp, type Versions } from "./judge-station.ts";

export type StationList = { readonly rows: readonly StationRow[]; readonly isCut: boolean };

/** More than this nobody reads in one list. */
const maxPages = 20;

async function loadStations(client: CloudClient, signal: AbortSignal): Promise<Result<StationList>> {
  const rows: StationRow[] = [];
  let after: string | null = "";
  for (let page = 0; page < maxPages && after !== null; page += 1) {
    const path: string = `/v1/console/stations?after=${encodeURIComponent(after)}`;
    const reply = await client.read<Page<StationRow>>(path, signal);
    if (!reply.ok) return reply;
    rows.push(...reply.value.items);
    after = reply.value.next;
  }
  return succeed({ rows, isCut: after !== null });
}

/** Every station of the reader's hubs. */
export const useStations = () => useLoaded("stations", loadStations);

export const useHubs = (): readonly HubRow[] =>
  useRoute<{ items: readonly HubRow[] }>("/v1/console/hubs").value?.items ?? [];

export function useVersions(rows: readonly StationRow[]): Versions {
  const { value } = useRoute<{ wireVersions: readonly number[] }>("/livez", false);
  return { wire: value === null ? null : Math.max(...value.wireVersions), app: findNewestApp(rows) };
}
