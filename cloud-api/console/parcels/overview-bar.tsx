import { Group, Paper, Text } from "@mantine/core";
import type { Overview } from "../../modules/overview/console-contract.ts";
import { useRoute } from "../connection/use-cloud.ts";
import { useTexts } from "../text/i18n.ts";

const outcomes = ["accepted", "intercepted", "rejected", "no-read", "open"] as const;

/** What is in the database, counted. */
export function OverviewBar() {
  const { t } = useTexts();
  const { value } = useRoute<Overview>("/v1/console/overview");
  if (value === null) return null;
  const notDurable = value.stations.reduce((sum, station) => sum + station.factsNotDurable, 0);
  return (
    <Group gap="sm">
      <Count label={t("orders")} count={value.orders} />
      {outcomes.map((outcome) => (
        <Count key={outcome} label={t(outcome)} count={value.parcels[outcome] ?? 0} kind={outcome} />
      ))}
      <Count label={t("facts")} count={value.facts} />
      {notDurable > 0 && <Count label={t("facts-not-durable")} count={notDurable} />}
      {value.alarms > 0 && <Count label={t("alarms")} count={value.alarms} kind="rejected" />}
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
