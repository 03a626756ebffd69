import type { StationRow } from "../../modules/overview/console-contract.ts";

export type StationState =
  | { readonly kind: "waiting" | "online" | "revoked" }
  | { readonly kind: "silent"; readonly sinceMs: number; readonly isLong: boolean };
export type StateKind = StationState["kind"];
export const stateKinds: readonly StateKind[] = ["silent", "online", "waiting", "revoked"];

/** A station reports every minute; two that are missing may be chance. */
const silentAfterMs = 180_000;
/** From here on somebody should go and look. */
const longSilentMs = 900_000;
/** Beyond this a person is told; nothing else depends on a station's clock. */
export const clockWarningMs = 120_000;

/** How a station is at the cloud's time `nowMs`. */
export function judgeStation(row: StationRow, nowMs: number): StationState {
  if (row.state === "revoked") return { kind: "revoked" };
  if (row.state === "waiting") return { kind: "waiting" };
  const seen = [row.lastSeenAt, row.enrolledAt].flatMap((at) => (at === null ? [] : [Date.parse(at)]));
  const sinceMs = Math.max(0, ...seen);
  const quietMs = nowMs - sinceMs;
  if (quietMs < silentAfterMs) return { kind: "online" };
  return { kind: "silent", sinceMs, isLong: quietMs >= longSilentMs };
}

export type Versions = {
  /** The newest wire version the cloud speaks; null while that is unknown. */
  readonly wire: number | null;
  /** The newest program among the stations shown. */
  readonly app: string | null;
};

export type VersionState = "current" | "behind" | "wire-behind" | "wire-ahead";

export function judgeVersion(report: NonNullable<StationRow["report"]>, newest: Versions): VersionState {
  if (newest.wire !== null && report.wireVersion > newest.wire) return "wire-ahead";
  if (newest.wire !== null && report.wireVersion < newest.wire) return "wire-behind";
  return newest.app !== null && compareVersions(report.appVersion, newest.app) < 0 ? "behind" : "current";
}

export function findNewestApp(rows: readonly StationRow[]): string | null {
  const versions = rows.flatMap(({ report }) => (report === null ? [] : [report.appVersion]));
  return versions.toSorted(compareVersions).at(-1) ?? null;
}

/** Part by part, as numbers where both are: 0.10.0 is newer than 0.9.0. */
export const compareVersions = (one: string, other: string): number =>
  one.localeCompare(other, "en", { numeric: true });

/** What a technician should look at, by itself and apart from silence. */
export function countTroubles(row: StationRow): number {
  if (row.report === null) return 0;
  const { devices, lanes, clockOffsetMs } = row.report;
  const faulted = devices.filter(({ state }) => state === "faulted").length;
  const lanesDown = lanes.filter(({ status }) => status === "faulted").length;
  return faulted + lanesDown + (Math.abs(clockOffsetMs) > clockWarningMs ? 1 : 0);
}
