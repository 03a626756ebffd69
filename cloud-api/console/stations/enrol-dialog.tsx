import { Alert, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import type { Failure } from "@waystation/shared/failures/result";
import { type FormEvent, useState } from "react";
import type { HubRow, PreparedStation, StationRow } from "../../modules/overview/console-contract.ts";
import { useCloud } from "../connection/use-cloud.ts";
import { FailureNote } from "../look/failure-note.tsx";
import { useTexts } from "../text/i18n.ts";
import { EnrolmentCode, type Prepared } from "./enrolment-code.tsx";

/** Null: a new station. */
export type EnrolFor = { readonly stationId: string | null };

type Props = {
  readonly of: EnrolFor;
  readonly rows: readonly StationRow[];
  readonly hubs: readonly HubRow[];
  readonly onClose: () => void;
};

/** From a station's name to the code that is typed there. A click beside the dialog must not lose the code. */
export function EnrolDialog({ of: { stationId }, rows, hubs, onClose }: Props) {
  const { t } = useTexts();
  const { client } = useCloud();
  const [prepared, setPrepared] = useState<Prepared | null>(null);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const prepare = async (input: NewStation): Promise<void> => {
    setBusy(true);
    const reply = await client.send<PreparedStation>("/v1/stations", input);
    setBusy(false);
    setFailure(reply.ok ? null : reply.failure);
    if (!reply.ok) return;
    const before = rows.find((row) => row.stationId === reply.value.stationId);
    setPrepared({ ...reply.value, enrolledBefore: before?.enrolledAt ?? null });
  };
  const known = rows.find((row) => row.stationId === (prepared?.stationId ?? stationId));
  return (
    <Modal
      opened
      lockScroll={false}
      size="lg"
      onClose={onClose}
      closeOnClickOutside={false}
      closeOnEscape={prepared === null}
      title={
        <strong>{stationId === null ? t("enrol.open") : t("enrol.again", { station: stationId })}</strong>
      }
      closeButtonProps={{ "aria-label": t("close") }}
    >
      {prepared !== null ? (
        <EnrolmentCode
          prepared={prepared}
          row={known}
          busy={busy}
          failure={failure}
          onAgain={() => void prepare({ stationId: prepared.stationId })}
          onClose={onClose}
        />
      ) : stationId === null ? (
        <NewStationForm rows={rows} hubs={hubs} busy={busy} failure={failure} onSubmit={prepare} />
      ) : (
        <AgainForm row={known} busy={busy} failure={failure} onSubmit={() => prepare({ stationId })} />
      )}
    </Modal>
  );
}

type NewStation = { readonly stationId: string; readonly name?: string; readonly hubId?: string };
/** As the cloud checks it. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

type FormProps = Omit<Props, "of" | "onClose"> & {
  readonly busy: boolean;
  readonly failure: Failure | null;
  readonly onSubmit: (input: NewStation) => Promise<void>;
};

function NewStationForm({ rows, hubs, busy, failure, onSubmit }: FormProps) {
  const { t } = useTexts();
  const [stationId, setStationId] = useState("");
  const [name, setName] = useState("");
  const [hubId, setHubId] = useState("");
  const [only] = hubs.length === 1 ? hubs : [];
  const chosenHub = hubId || (hubs[0]?.hubId ?? "");
  const isTaken = rows.some((row) => row.stationId === stationId);
  const isWrong = stationId !== "" && !idPattern.test(stationId);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const named = name.trim() === "" ? {} : { name: name.trim() };
    void onSubmit({ stationId, ...named, ...(chosenHub === "" ? {} : { hubId: chosenHub }) });
  };
  return (
    <Stack component="form" onSubmit={submit as never}>
      <TextInput
        label={t("enrol.id")}
        description={t("enrol.id-hint")}
        error={isWrong ? t("enrol.id-wrong") : isTaken ? t("enrol.id-taken") : undefined}
        value={stationId}
        maxLength={64}
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        onChange={(event) => setStationId(event.currentTarget.value.trim())}
      />
      <TextInput
        label={t("enrol.name")}
        description={t("enrol.name-hint")}
        value={name}
        maxLength={120}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {only === undefined ? (
        <NativeSelect
          label={t("column.hub")}
          data={hubs.map((hub) => ({ value: hub.hubId, label: hub.name }))}
          value={chosenHub}
          onChange={(event) => setHubId(event.currentTarget.value)}
        />
      ) : (
        <Text size="sm">
          {t("column.hub")}: {only.name}
        </Text>
      )}
      <FailureNote failure={failure} />
      <Group justify="flex-end">
        <Button type="submit" loading={busy} disabled={stationId === "" || isWrong || isTaken}>
          {t("enrol.give-code")}
        </Button>
      </Group>
    </Stack>
  );
}

function AgainForm({
  row,
  busy,
  failure,
  onSubmit,
}: {
  row: StationRow | undefined;
  busy: boolean;
  failure: Failure | null;
  onSubmit: () => Promise<void>;
}) {
  const { t } = useTexts();
  return (
    <Stack>
      <Text>{t(row?.state === "revoked" ? "enrol.again-revoked" : "enrol.again-means")}</Text>
      {row?.state === "enrolled" && <Alert color="orange">{t("enrol.again-in-use")}</Alert>}
      <FailureNote failure={failure} />
      <Group justify="flex-end">
        <Button loading={busy} onClick={() => void onSubmit()} data-autofocus>
          {t("enrol.give-code")}
        </Button>
      </Group>
    </Stack>
  );
}
