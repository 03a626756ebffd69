import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import type { Failure } from "@waystation/shared/failures/result";
import { useState } from "react";
import type { StationRow } from "../../modules/overview/console-contract.ts";
import { useCloud } from "../connection/use-cloud.ts";
import { FailureNote } from "../look/failure-note.tsx";
import { useTexts } from "../text/i18n.ts";

type Props = {
  readonly row: StationRow;
  readonly verb: "revoke" | "restore";
  readonly onClose: () => void;
};

/** Says what will happen before it does. */
export function RevokeDialog({ row, verb, onClose }: Props) {
  const { t } = useTexts();
  const { client } = useCloud();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (): Promise<void> => {
    setBusy(true);
    const done = await client.send(`/v1/stations/${encodeURIComponent(row.stationId)}/${verb}`);
    setBusy(false);
    if (done.ok) onClose();
    else setFailure(done.failure);
  };
  return (
    <Modal
      opened
      lockScroll={false}
      onClose={onClose}
      title={<strong>{t(`${verb}.title`, { station: row.stationId })}</strong>}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack>
        <Text>{t(`${verb}.means`)}</Text>
        {verb === "revoke" && <Text>{t("revoke.back")}</Text>}
        <FailureNote failure={failure} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("cancel")}
          </Button>
          <Button color={verb === "revoke" ? "red" : "blue"} loading={busy} onClick={() => void submit()}>
            {t(`${verb}.open`)}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
