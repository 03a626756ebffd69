import {
  Alert,
  Button,
  Group,
  Loader,
  NativeSelect,
  Paper,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useState } from "react";
import type { HubRow, StationRow } from "../../modules/overview/console-contract.ts";
import { may } from "../connection/access.ts";
import { useCloud, useKnownNow } from "../connection/use-cloud.ts";
import { FailureNote } from "../look/failure-note.tsx";
import { goTo } from "../look/use-fragment.ts";
import { useTexts } from "../text/i18n.ts";
import { arrangeStations, type Selection, type SortKey, type Sorting } from "./arrange-stations.ts";
import { EnrolDialog, type EnrolFor } from "./enrol-dialog.tsx";
import { judgeStation, type StateKind, stateKinds } from "./judge-station.ts";
import { StationDrawer } from "./station-drawer.tsx";
import { StationTable } from "./station-table.tsx";
import { useHubs, useStations, useVersions } from "./use-stations.ts";

const everything: Selection = { search: "", hubId: "", state: "" };

export function StationsPage({ stationId }: { stationId: string | null }) {
  const { t } = useTexts();
  const { access } = useCloud();
  const { value, failure } = useStations();
  const hubs = useHubs();
  const nowMs = useKnownNow();
  const [enrolFor, setEnrolFor] = useState<EnrolFor | null>(null);
  const mayManage = may(access, "stations.manage");
  const rows = value?.rows ?? [];
  const versions = useVersions(rows);
  const chosen = rows.find((row) => row.stationId === stationId);
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h4">
          {t("stations")}
        </Title>
        {mayManage && <Button onClick={() => setEnrolFor({ stationId: null })}>{t("enrol.open")}</Button>}
      </Group>
      {value === null && <FailureNote failure={failure} />}
      {value === null && failure === null && <Loader aria-label={t("loading")} />}
      {value?.isCut === true && <Alert color="orange">{t("stations.cut", { count: rows.length })}</Alert>}
      {value !== null && rows.length === 0 && <NoStations mayManage={mayManage} />}
      {rows.length > 0 && <StationList rows={rows} hubs={hubs} versions={versions} nowMs={nowMs} />}
      {chosen !== undefined && (
        <StationDrawer
          row={chosen}
          nowMs={nowMs}
          versions={versions}
          onNewCode={() => setEnrolFor({ stationId: chosen.stationId })}
          onClose={() => goTo("stations")}
        />
      )}
      {enrolFor !== null && (
        <EnrolDialog of={enrolFor} rows={rows} hubs={hubs} onClose={() => setEnrolFor(null)} />
      )}
    </Stack>
  );
}

function NoStations({ mayManage }: { mayManage: boolean }) {
  const { t } = useTexts();
  return (
    <Paper withBorder p="xl" className="empty">
      <Title order={3} size="h5">
        {t("stations.none")}
      </Title>
      <Text>{t(mayManage ? "stations.none-hint" : "stations.none-ask")}</Text>
    </Paper>
  );
}

type ListProps = {
  readonly rows: readonly StationRow[];
  readonly hubs: readonly HubRow[];
  readonly versions: ReturnType<typeof useVersions>;
  readonly nowMs: number;
};

function StationList({ rows, hubs, versions, nowMs }: ListProps) {
  const { t } = useTexts();
  const [selection, setSelection] = useState(everything);
  const [sorting, setSorting] = useState<Sorting>({ key: "state", descending: false });
  const shown = arrangeStations(rows, selection, sorting, nowMs);
  const sortBy = (key: SortKey): void =>
    setSorting((before) => ({ key, descending: before.key === key && !before.descending }));
  return (
    <>
      <Filters rows={rows} hubs={hubs} nowMs={nowMs} selection={selection} onSelect={setSelection} />
      {shown.length === 0 ? (
        <Text c="dimmed">{t("stations.none-chosen")}</Text>
      ) : (
        <StationTable rows={shown} nowMs={nowMs} versions={versions} sorting={sorting} onSort={sortBy} />
      )}
    </>
  );
}

type FilterProps = Omit<ListProps, "versions"> & {
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
};

function Filters({ rows, hubs, nowMs, selection, onSelect }: FilterProps) {
  const { t } = useTexts();
  const count = (kind: StateKind): number =>
    rows.filter((row) => judgeStation(row, nowMs).kind === kind).length;
  const states = [
    { value: "", label: t("filter.every-state", { count: rows.length }) },
    ...stateKinds.map((kind) => ({ value: kind, label: `${t(`state.${kind}`)} (${count(kind)})` })),
  ];
  const places = [
    { value: "", label: t("filter.every-hub") },
    ...hubs.map(({ hubId, name }) => ({ value: hubId, label: name })),
  ];
  return (
    <Group gap="sm" role="search">
      <NativeSelect
        aria-label={t("column.state")}
        data={states}
        value={selection.state}
        onChange={(event) => onSelect({ ...selection, state: readState(event.currentTarget.value) })}
      />
      {hubs.length > 1 && (
        <NativeSelect
          aria-label={t("column.hub")}
          data={places}
          value={selection.hubId}
          onChange={(event) => onSelect({ ...selection, hubId: event.currentTarget.value })}
        />
      )}
      <TextInput
        className="search"
        type="search"
        aria-label={t("stations.search")}
        placeholder={t("stations.search")}
        value={selection.search}
        onChange={(event) => onSelect({ ...selection, search: event.currentTarget.value })}
      />
    </Group>
  );
}

const readState = (value: string): StateKind | "" => stateKinds.find((kind) => kind === value) ?? "";
