import type { StationRow } from "../../modules/overview/console-contract.ts";
import { compareVersions, countTroubles, judgeStation, type StateKind, stateKinds } from "./judge-station.ts";

export const sortKeys = [
  "station",
  "hub",
  "state",
  "seen",
  "backlog",
  "version",
  "devices",
  "clock",
] as const;
export type SortKey = (typeof sortKeys)[number];
export type Sorting = { readonly key: SortKey; readonly descending: boolean };
export type Selection = { readonly search: string; readonly hubId: string; readonly state: StateKind | "" };

/** The rows that are asked for, in the order that is asked for; equal ones by their id. */
export function arrangeStations(
  rows: readonly StationRow[],
  { search, hubId, state }: Selection,
  { key, descending }: Sorting,
  nowMs: number,
): readonly StationRow[] {
  const sought = search.trim().toLowerCase();
  const chosen = rows.filter(
    (row) =>
      (hubId === "" || row.hubId === hubId) &&
      (state === "" || judgeStation(row, nowMs).kind === state) &&
      (sought === "" || `${row.stationId} ${row.name}`.toLowerCase().includes(sought)),
  );
  const byKey = compareBy(key, nowMs);
  const sign = descending ? -1 : 1;
  return chosen.toSorted((a, b) => sign * byKey(a, b) || compareVersions(a.stationId, b.stationId));
}

type Compare = (a: StationRow, b: StationRow) => number;

function compareBy(key: SortKey, nowMs: number): Compare {
  const byNumber =
    (read: (row: StationRow) => number): Compare =>
    (a, b) =>
      read(a) - read(b);
  switch (key) {
    case "station":
      return (a, b) => compareVersions(a.stationId, b.stationId);
    case "hub":
      return (a, b) => a.hubId.localeCompare(b.hubId);
    case "state":
      return byNumber((row) => stateKinds.indexOf(judgeStation(row, nowMs).kind));
    case "seen":
      return byNumber((row) => (row.lastSeenAt === null ? 0 : Date.parse(row.lastSeenAt)));
    case "backlog":
      return byNumber((row) => (row.backlog ?? -1) * 1e6 + row.factsNotDurable);
    case "version":
      return (a, b) => compareVersions(a.report?.appVersion ?? "", b.report?.appVersion ?? "");
    case "devices":
      return byNumber((row) => -countTroubles(row));
    case "clock":
      return byNumber((row) => -Math.abs(row.report?.clockOffsetMs ?? 0));
  }
}
