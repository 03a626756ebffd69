import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import type { Failure } from "@waystation/shared/failures/result";
import { useEffect, useState } from "react";
import type { PreparedStation, StationRow } from "../../modules/overview/console-contract.ts";
import { useCloud } from "../connection/use-cloud.ts";
import { CopyLine } from "../look/copy-line.tsx";
import { FailureNote } from "../look/failure-note.tsx";
import { formatCountdown } from "../look/format.ts";
import { useTexts } from "../text/i18n.ts";

/** With what was known of the station before: another enrolment than that is this code's. */
export type Prepared = PreparedStation & { readonly enrolledBefore: string | null };

type Props = {
  readonly prepared: Prepared;
  readonly row: StationRow | undefined;
  readonly busy: boolean;
  readonly failure: Failure | null;
  readonly onAgain: () => void;
  readonly onClose: () => void;
};

/** The code, this once; how long it is good for; and that it was used, as soon as the cloud says so. */
export function EnrolmentCode({ prepared, row, busy, failure, onAgain, onClose }: Props) {
  const { t } = useTexts();
  const leftMs = useLeft(Date.parse(prepared.expiresAt));
  const enrolledAt = row?.enrolledAt ?? null;
  const isUsed = enrolledAt !== null && enrolledAt !== prepared.enrolledBefore;
  // A machine that keeps its folder asks for this word; to one that was installed anew it means nothing.
  const replace = prepared.enrolledBefore === null ? "" : " --replace";
  const command = `waystation station enrol --cloud ${location.origin} --code ${prepared.code}${replace}`;
  if (isUsed)
    return (
      <Stack>
        <Alert color="green" role="status">
          {t("enrol.done", { station: prepared.stationId })}
        </Alert>
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            {t("close")}
          </Button>
        </Group>
      </Stack>
    );
  return (
    <Stack>
      {leftMs > 0 ? (
        <>
          <Text>{t("enrol.code-for", { station: prepared.stationId })}</Text>
          <CopyLine text={prepared.code} big label={t("enrol.code")} />
          <Text>{t("enrol.command")}</Text>
          <CopyLine text={command} label={t("enrol.command-line")} />
          <Text size="sm" role="timer">
            {t("enrol.left", { left: formatCountdown(leftMs) })}
          </Text>
          <Text size="sm" c="dimmed">
            {t("enrol.once")}
          </Text>
        </>
      ) : (
        <Alert color="orange" role="alert">
          {t("enrol.expired")}
        </Alert>
      )}
      <FailureNote failure={failure} />
      <Group justify="flex-end">
        {leftMs <= 0 && (
          <Button variant="default" loading={busy} onClick={onAgain}>
            {t("enrol.new-code")}
          </Button>
        )}
        <Button onClick={onClose}>{t("enrol.written-down")}</Button>
      </Group>
    </Stack>
  );
}

function useLeft(endsMs: number): number {
  const { clock } = useCloud();
  const [leftMs, setLeftMs] = useState(() => endsMs - clock.nowMs());
  useEffect(() => {
    const timer = setInterval(() => setLeftMs(endsMs - clock.nowMs()), 500);
    return () => clearInterval(timer);
  }, [clock, endsMs]);
  return leftMs;
}
