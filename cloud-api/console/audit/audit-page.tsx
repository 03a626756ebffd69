import { Button, Group, Loader, Stack, Table, Text, Title } from "@mantine/core";
import { useState } from "react";
import type { AuditView, Page } from "../../modules/overview/console-contract.ts";
import { useRoute } from "../connection/use-cloud.ts";
import { FailureNote } from "../look/failure-note.tsx";
import { formatDateTime } from "../look/format.ts";
import { useTexts } from "../text/i18n.ts";
import { describeAction } from "./describe-action.ts";

/** Who did what. The newest page keeps itself up to date, an older one stands still. */
export function AuditPage() {
  const { t } = useTexts();
  const [after, setAfter] = useState<string | null>(null);
  const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
  const { value, failure } = useRoute<Page<AuditView>>(`/v1/console/audit${query}`, after === null);
  return (
    <Stack>
      <Title order={2} size="h4">
        {t("audit")}
      </Title>
      {value === null &&
        (failure === null ? <Loader aria-label={t("loading")} /> : <FailureNote failure={failure} />)}
      {value?.items.length === 0 && <Text c="dimmed">{t("nothing-yet")}</Text>}
      {value !== null && value.items.length > 0 && <Entries items={value.items} />}
      {value !== null && (
        <Group>
          <Button variant="default" disabled={after === null} onClick={() => setAfter(null)}>
            {t("newest")}
          </Button>
          <Button variant="default" disabled={value.next === null} onClick={() => setAfter(value.next)}>
            {t("older")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Entries({ items }: { items: readonly AuditView[] }) {
  const { t, language } = useTexts();
  return (
    <Table.ScrollContainer minWidth={800}>
      <Table highlightOnHover stickyHeader>
        <Table.Thead>
          <Table.Tr>
            {[t("time"), t("audit.actor"), t("audit.action"), t("audit.subject"), t("details")].map(
              (name) => (
                <Table.Th key={name}>{name}</Table.Th>
              ),
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((entry) => (
            <Table.Tr key={entry.auditId}>
              <Table.Td>{formatDateTime(entry.at, language)}</Table.Td>
              <Table.Td>{entry.actor === "root" ? t("audit.root") : entry.actor}</Table.Td>
              <Table.Td>{describeAction(entry.action, language)}</Table.Td>
              <Table.Td>{entry.subject}</Table.Td>
              <Table.Td className="payload">{describeDetails(entry)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function describeDetails({ details, requestId }: AuditView): string {
  const text = JSON.stringify(details);
  return [text === "{}" ? "" : text, requestId ?? ""].filter(Boolean).join(" · ");
}
