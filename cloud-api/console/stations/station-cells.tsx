import { Badge, Stack, Text } from "@mantine/core";
import type { StationRow } from "../../modules/overview/console-contract.ts";
import { describeCode, formatBytes, formatDuration } from "../look/format.ts";
import { When } from "../look/when.tsx";
import { useTexts } from "../text/i18n.ts";
import { clockWarningMs, judgeStation, judgeVersion, type Versions } from "./judge-station.ts";

export type CellProps = { readonly row: StationRow; readonly nowMs: number; readonly versions: Versions };

const nothing = <span aria-hidden>–</span>;

/** Word and sign, so that colour is never all there is. */
export function StateBadge({ row, nowMs }: { row: StationRow; nowMs: number }) {
  const { t, language } = useTexts();
  const state = judgeStation(row, nowMs);
  const looks = { online: "green", waiting: "blue", revoked: "gray", silent: "orange" } as const;
  const color = state.kind === "silent" && state.isLong ? "red" : looks[state.kind];
  const word =
    state.kind === "silent"
      ? t("state.silent-for", { duration: formatDuration(nowMs - state.sinceMs, language) })
      : t(`state.${state.kind}`);
  return (
    <Badge
      className="state"
      color={color}
      variant={state.kind === "silent" ? "filled" : "light"}
      data-state={state.kind}
      tt="none"
    >
      {word}
    </Badge>
  );
}

export function LastSeen({ row, nowMs }: { row: StationRow; nowMs: number }) {
  const { t } = useTexts();
  if (row.lastSeenAt === null) return <Text inherit>{t("never")}</Text>;
  return <When at={row.lastSeenAt} nowMs={nowMs} />;
}

export function Backlog({ row }: { row: StationRow }) {
  const { t, language } = useTexts();
  const count = (value: number): string => value.toLocaleString(language);
  return (
    <Stack gap={0}>
      {row.backlog === null ? (
        nothing
      ) : (
        <Text inherit fw={row.backlog > 0 ? 600 : 400}>
          {row.backlog === 0 ? t("backlog.none") : t("backlog.waiting", { count: count(row.backlog) })}
        </Text>
      )}
      {row.factsNotDurable > 0 && (
        <Text size="xs" c="dimmed">
          {t("backlog.not-durable", { count: count(row.factsNotDurable) })}
        </Text>
      )}
    </Stack>
  );
}

export function Version({ row: { report }, versions }: CellProps) {
  const { t } = useTexts();
  if (report === null) return nothing;
  const state = judgeVersion(report, versions);
  return (
    <Stack gap={0}>
      <Text inherit>
        {report.appVersion} · {t("wire", { version: report.wireVersion })}
      </Text>
      {state !== "current" && <Warning text={t(`version.${state}`)} />}
    </Stack>
  );
}

export function Devices({ row: { report } }: CellProps) {
  const { t, language } = useTexts();
  if (report === null || report.devices.length === 0) return nothing;
  const ready = report.devices.filter(({ state }) => state === "ready").length;
  const faulted = report.devices.filter(({ state }) => state === "faulted");
  return (
    <Stack gap={0}>
      <Text inherit>{t("devices.ready", { ready, all: report.devices.length })}</Text>
      {faulted.map(({ deviceId, failureCode }) => (
        <Warning
          key={deviceId}
          text={describeDevice(deviceId, failureCode, language, t("devices.faulted", { device: deviceId }))}
        />
      ))}
    </Stack>
  );
}

/** The sentence names the device where it can; where it does not, the name stands before it. */
export function describeDevice(
  deviceId: string,
  failureCode: string | null,
  language: "en" | "zh",
  otherwise: string,
): string {
  if (failureCode === null) return otherwise;
  const sentence = describeCode(failureCode, { device: deviceId }, language);
  return sentence.includes(deviceId) ? sentence : `${deviceId}: ${sentence}`;
}

/** Lanes that run are counted, the others named. */
export function Lanes({ row: { report } }: CellProps) {
  const { t } = useTexts();
  if (report === null || report.lanes.length === 0) return nothing;
  const running = report.lanes.filter(({ status }) => status === "running").length;
  return (
    <Stack gap={0}>
      <Text inherit>{t("lanes.running", { running, all: report.lanes.length })}</Text>
      {report.lanes.map(({ laneId, status }) => {
        if (status === "running") return null;
        if (status === "faulted") return <Warning key={laneId} text={`${laneId}: ${t("lane.faulted")}`} />;
        return (
          <Text key={laneId} inherit className="quiet">
            {laneId}: {status === "stopped" ? t("lane.stopped") : status}
          </Text>
        );
      })}
    </Stack>
  );
}

export function ClockOffset({ row: { report } }: CellProps) {
  const { t, language } = useTexts();
  if (report === null) return nothing;
  const { clockOffsetMs } = report;
  const off = formatDuration(clockOffsetMs, language);
  if (Math.abs(clockOffsetMs) > clockWarningMs)
    return <Warning text={t(clockOffsetMs > 0 ? "clock.ahead" : "clock.behind", { off })} />;
  return <Text inherit>{t("clock.right")}</Text>;
}

/** Below this a station soon refuses new work. */
const lowDiskBytes = 2e9;

export function Disk({ row: { report } }: CellProps) {
  const { t, language } = useTexts();
  if (report === null || report.disk === null) return nothing;
  const free = t("disk.free", { size: formatBytes(report.disk.freeBytes, language) });
  return report.disk.freeBytes < lowDiskBytes ? <Warning text={free} /> : <Text inherit>{free}</Text>;
}

export function Warning({ text }: { text: string }) {
  return (
    <Text inherit className="warning">
      <span aria-hidden>⚠ </span>
      {text}
    </Text>
  );
}
