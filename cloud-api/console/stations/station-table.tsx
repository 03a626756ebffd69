import { Anchor, Paper, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import type { ReactNode } from "react";
import type { StationRow } from "../../modules/overview/console-contract.ts";
import { placeOf } from "../look/use-fragment.ts";
import { useTexts } from "../text/i18n.ts";
import type { SortKey, Sorting } from "./arrange-stations.ts";
import type { Versions } from "./judge-station.ts";
import {
  Backlog,
  type CellProps,
  ClockOffset,
  Devices,
  Disk,
  Lanes,
  LastSeen,
  StateBadge,
  Version,
} from "./station-cells.tsx";

type Column = {
  readonly name: "hub" | "state" | "seen" | "backlog" | "version" | "devices" | "lanes" | "clock" | "disk";
  readonly sort: SortKey | null;
  readonly cell: (props: CellProps) => ReactNode;
};

const columns: readonly Column[] = [
  { name: "hub", sort: "hub", cell: ({ row }) => row.hubId },
  { name: "state", sort: "state", cell: (props) => <StateBadge {...props} /> },
  { name: "seen", sort: "seen", cell: (props) => <LastSeen {...props} /> },
  { name: "backlog", sort: "backlog", cell: (props) => <Backlog {...props} /> },
  { name: "version", sort: "version", cell: (props) => <Version {...props} /> },
  { name: "devices", sort: "devices", cell: (props) => <Devices {...props} /> },
  { name: "lanes", sort: null, cell: (props) => <Lanes {...props} /> },
  { name: "clock", sort: "clock", cell: (props) => <ClockOffset {...props} /> },
  { name: "disk", sort: null, cell: (props) => <Disk {...props} /> },
];

type Props = {
  readonly rows: readonly StationRow[];
  readonly nowMs: number;
  readonly versions: Versions;
  readonly sorting: Sorting;
  readonly onSort: (key: SortKey) => void;
};

/** A table where there is room for one, else a card for every station. */
export function StationTable(props: Props) {
  const isNarrow = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  return isNarrow ? <Cards {...props} /> : <Wide {...props} />;
}

function Wide({ rows, nowMs, versions, sorting, onSort }: Props) {
  const { t } = useTexts();
  return (
    <Table highlightOnHover stickyHeader className="stations" verticalSpacing="sm">
      <Table.Thead>
        <Table.Tr>
          <SortHead sort="station" sorting={sorting} onSort={onSort} label={t("column.station")} />
          {columns.map(({ name, sort }) => (
            <SortHead key={name} sort={sort} sorting={sorting} onSort={onSort} label={t(`column.${name}`)} />
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.stationId} data-station={row.stationId}>
            <Table.Th scope="row">
              <StationLink row={row} />
            </Table.Th>
            {columns.map(({ name, cell }) => (
              <Table.Td key={name} data-column={name}>
                {cell({ row, nowMs, versions })}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

type HeadProps = Pick<Props, "sorting" | "onSort"> & {
  readonly sort: SortKey | null;
  readonly label: string;
};

function SortHead({ sort, sorting, onSort, label }: HeadProps) {
  if (sort === null) return <Table.Th>{label}</Table.Th>;
  const direction = sorting.descending ? "descending" : "ascending";
  const isSorted = sorting.key === sort;
  return (
    <Table.Th aria-sort={isSorted ? direction : "none"}>
      <UnstyledButton className="sort" onClick={() => onSort(sort)}>
        {label}
        <span aria-hidden className="arrow">
          {isSorted ? (sorting.descending ? "↓" : "↑") : ""}
        </span>
      </UnstyledButton>
    </Table.Th>
  );
}

function Cards({ rows, nowMs, versions }: Props) {
  const { t } = useTexts();
  return (
    <Stack gap="sm" component="ul" className="cards">
      {rows.map((row) => (
        <Paper key={row.stationId} component="li" withBorder p="md" data-station={row.stationId}>
          <StationLink row={row} />
          <dl className="facts-of">
            {columns.map(({ name, cell }) => (
              <div key={name}>
                <dt>{t(`column.${name}`)}</dt>
                <dd>{cell({ row, nowMs, versions })}</dd>
              </div>
            ))}
          </dl>
        </Paper>
      ))}
    </Stack>
  );
}

function StationLink({ row }: { row: StationRow }) {
  return (
    <>
      <Anchor href={placeOf("stations", row.stationId)} fw={600} inherit>
        {row.stationId}
      </Anchor>
      {row.name !== row.stationId && (
        <Text size="xs" c="dimmed" dir="auto">
          {row.name}
        </Text>
      )}
    </>
  );
}
