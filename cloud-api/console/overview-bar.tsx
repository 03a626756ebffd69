import { Group, Paper, Text } from "@mantine/core";
import type { Overview } from "../modules/overview/console-contract.ts";
import { useRoute } from "./use-page.ts";
import { useTexts } from "./text/i18n.ts";

const outcomes = ["accepted", "intercepted", "rejected", "no-read", "open"] as const;

/** What is in the database, and how far every station is. */
export function OverviewBar({ token, revision }: { token: string; revision: number }) {
  const { t } = useTexts();
  const { value } = useRoute<Overview>(token, "/v1/console/overview", revision);
  if (value === null) return null;
  return (
    <Group gap="sm">
      <Count label={t("orders")} count={value.orders} />
      {outcomes.map((outcome) => (
        <Count key={outcome} label={t(outcome)} count={value.parcels[outcome] ?? 0} kind={outcome} />
      ))}
      <Count label={t("facts")} count={value.facts} />
      {value.alarms > 0 && <Count label={t("alarms")} count={value.alarms} kind="rejected" />}
      {value.stations.map((station) => (
        <Paper key={station.stationId} withBorder px="md" py="xs">
          <Text size="xs" c="dimmed">
            {station.stationId}
          </Text>
          <Text size="sm">
            {t("received", { count: station.factsReceived })}
            {station.factsNotDurable > 0 && `, ${t("not-durable", { count: station.factsNotDurable })}`}
          </Text>
        </Paper>
      ))}
    </Group>
  );
}

function Count({ label, count, kind }: { label: string; count: number; kind?: string }) {
  return (
    <Paper withBorder px="md" py="xs" data-kind={kind} className="count">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={700} size="lg">
        {count.toLocaleString()}
      </Text>
    </Paper>
  );
}
