import { Alert, Button, Drawer, Group, Stack, Table, Text, Title } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { StationDetail } from "../../modules/overview/console-contract.ts";
import { may } from "../connection/access.ts";
import { useCloud, useRoute } from "../connection/use-cloud.ts";
import { FailureNote } from "../look/failure-note.tsx";
import { formatBytes } from "../look/format.ts";
import { When } from "../look/when.tsx";
import { useTexts } from "../text/i18n.ts";
import { RevokeDialog } from "./revoke-dialog.tsx";
import {
  Backlog,
  type CellProps,
  ClockOffset,
  describeDevice,
  Disk,
  Lanes,
  LastSeen,
  StateBadge,
  Version,
  Warning,
} from "./station-cells.tsx";

type Props = CellProps & { readonly onNewCode: () => void; readonly onClose: () => void };

/** Everything the cloud knows of one station. */
export function StationDrawer({ onNewCode, onClose, ...cells }: Props) {
  const { t } = useTexts();
  const { row } = cells;
  const { access } = useCloud();
  const path = `/v1/console/stations/${encodeURIComponent(row.stationId)}`;
  const { value, failure } = useRoute<StationDetail>(path);
  return (
    <Drawer
      opened
      lockScroll={false}
      onClose={onClose}
      position="right"
      size="xl"
      title={<strong>{row.name === row.stationId ? row.name : `${row.name} (${row.stationId})`}</strong>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack gap="lg">
        {may(access, "stations.manage") && <Actions row={row} onNewCode={onNewCode} />}
        {value !== null && value.alarms.length > 0 && <Alarms alarms={value.alarms} />}
        <Summary {...cells} />
        <DeviceList {...cells} />
        {value === null ? <FailureNote failure={failure} /> : <Logs logs={value.logs} {...cells} />}
      </Stack>
    </Drawer>
  );
}

function Actions({ row, onNewCode }: Pick<Props, "row" | "onNewCode">) {
  const { t } = useTexts();
  const [asking, setAsking] = useState<"revoke" | "restore" | null>(null);
  const isRevoked = row.state === "revoked";
  return (
    <Group>
      <Button variant="default" onClick={onNewCode}>
        {t("enrol.new-code")}
      </Button>
      {isRevoked && row.enrolledAt !== null && (
        <Button variant="default" onClick={() => setAsking("restore")}>
          {t("restore.open")}
        </Button>
      )}
      {!isRevoked && (
        <Button color="red" variant="outline" onClick={() => setAsking("revoke")}>
          {t("revoke.open")}
        </Button>
      )}
      {asking !== null && <RevokeDialog row={row} verb={asking} onClose={() => setAsking(null)} />}
    </Group>
  );
}

function Summary(cells: CellProps) {
  const { t, language } = useTexts();
  const { row, nowMs } = cells;
  const { report } = row;
  const lines: readonly (readonly [string, ReactNode])[] = [
    [t("column.state"), <StateBadge key="state" {...cells} />],
    [t("column.hub"), row.hubId],
    [t("column.seen"), <LastSeen key="seen" {...cells} />],
    [
      t("detail.enrolled"),
      row.enrolledAt === null ? t("never") : <When key="enrolled" at={row.enrolledAt} nowMs={nowMs} />,
    ],
    [t("column.backlog"), <Backlog key="backlog" {...cells} />],
    [t("detail.received"), row.factsReceived.toLocaleString(language)],
    [t("column.version"), <Version key="version" {...cells} />],
    [t("column.lanes"), <Lanes key="lanes" {...cells} />],
    [t("column.clock"), <ClockOffset key="clock" {...cells} />],
    [t("column.disk"), <Disk key="disk" {...cells} />],
  ];
  const told: typeof lines =
    report === null
      ? []
      : [
          [t("detail.report"), <When key="report" at={report.reportedAt} nowMs={nowMs} />],
          [t("detail.orders"), report.ordersVisible.toLocaleString(language)],
          [
            t("detail.facts-file"),
            report.disk === null ? "–" : formatBytes(report.disk.factsBytes, language),
          ],
          [t("detail.boot"), report.bootId],
        ];
  return (
    <dl className="facts-of">
      {[...lines, ...told].map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function DeviceList({ row: { report } }: CellProps) {
  const { t, language } = useTexts();
  if (report === null) return <Text c="dimmed">{t("detail.no-report")}</Text>;
  return (
    <section>
      <Title order={3} size="h5">
        {t("column.devices")}
      </Title>
      {report.devices.length === 0 && <Text c="dimmed">{t("detail.no-devices")}</Text>}
      <Table>
        <Table.Tbody>
          {report.devices.map(({ deviceId, kind, model, state, failureCode }) => (
            <Table.Tr key={deviceId}>
              <Table.Th scope="row">
                {deviceId}
                <Text size="xs" c="dimmed">
                  {kind} · {model}
                </Text>
              </Table.Th>
              <Table.Td>
                {state === "ready" || state === "connecting" ? (
                  t(`device.${state}`)
                ) : (
                  <Warning
                    text={describeDevice(
                      deviceId,
                      failureCode,
                      language,
                      t("devices.faulted", { device: deviceId }),
                    )}
                  />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function Alarms({ alarms }: { alarms: StationDetail["alarms"] }) {
  const { t, language } = useTexts();
  return (
    <Alert color="red" title={t("alarms")}>
      <Stack gap="xs">
        {alarms.map(({ alarmId, kind, logId, sequence, raisedAt }) => (
          <Text key={alarmId} size="sm">
            {new Date(raisedAt).toLocaleString(language)}:{" "}
            {kind === "forked" ? t("alarm.forked", { sequence, logId }) : `${kind} ${logId} ${sequence}`}
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}

function Logs({ logs, nowMs }: { logs: StationDetail["logs"]; nowMs: number }) {
  const { t, language } = useTexts();
  const count = (value: number): string => value.toLocaleString(language);
  return (
    <section>
      <Title order={3} size="h5">
        {t("detail.logs")}
      </Title>
      {logs.length === 0 ? (
        <Text c="dimmed">{t("detail.no-logs")}</Text>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("detail.log")}</Table.Th>
              <Table.Th>{t("detail.received-through")}</Table.Th>
              <Table.Th>{t("detail.durable-through")}</Table.Th>
              <Table.Th>{t("time")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {logs.map(({ logId, receivedThrough, durableThrough, updatedAt }) => (
              <Table.Tr key={logId}>
                <Table.Td className="payload">{logId}</Table.Td>
                <Table.Td>{count(receivedThrough)}</Table.Td>
                <Table.Td>{count(durableThrough)}</Table.Td>
                <Table.Td>
                  <When at={updatedAt} nowMs={nowMs} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}
