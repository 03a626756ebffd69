import { Button, Group, Loader, Table, Text } from "@mantine/core";
import { describeReason, type Reason, reasonCatalog } from "@waystation/shared/decision/reasons";
import type { Language } from "@waystation/shared/failures/language";
import { type ReactNode, useState } from "react";
import type { FactView, OrderView, Page, ParcelView } from "../../modules/overview/console-contract.ts";
import { useRoute } from "../connection/use-cloud.ts";
import { FailureNote } from "../look/failure-note.tsx";
import { formatClockTime } from "../look/format.ts";
import type { TrailOf } from "./parcel-trail.tsx";
import { useTexts } from "../text/i18n.ts";

export type ListName = "orders" | "parcels" | "facts";

/** Null: the reader may not see what lies behind a parcel. */
type OnParcel = ((parcel: TrailOf) => void) | null;
type Props = { readonly list: ListName; readonly search: string; readonly onParcel: OnParcel };

/** One page of a list; the newest page keeps itself up to date, an older one stands still. */
export function Listing({ list, search, onParcel }: Props) {
  const { t } = useTexts();
  const [after, setAfter] = useState<string | null>(null);
  const query = new URLSearchParams({ search, ...(after === null ? {} : { after }) });
  const { value, failure } = useRoute<Page<never>>(`/v1/console/${list}?${query}`, after === null);
  if (value === null)
    return failure === null ? <Loader aria-label={t("loading")} /> : <FailureNote failure={failure} />;
  if (value.items.length === 0)
    return <Text c="dimmed">{search === "" ? t("nothing-yet") : t("nothing-found", { search })}</Text>;
  return (
    <>
      <Table.ScrollContainer minWidth={900}>
        {list === "orders" && <Orders rows={value.items} />}
        {list === "parcels" && <Parcels rows={value.items} onParcel={onParcel} />}
        {list === "facts" && <Facts rows={value.items} onParcel={onParcel} />}
      </Table.ScrollContainer>
      <Group>
        <Button variant="default" disabled={after === null} onClick={() => setAfter(null)}>
          {t("newest")}
        </Button>
        <Button variant="default" disabled={value.next === null} onClick={() => setAfter(value.next)}>
          {t("older")}
        </Button>
      </Group>
    </>
  );
}

function Grid({ head, children }: { head: readonly string[]; children: ReactNode }) {
  return (
    <Table highlightOnHover stickyHeader>
      <Table.Thead>
        <Table.Tr>
          {head.map((name) => (
            <Table.Th key={name}>{name}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  );
}

function Orders({ rows }: { rows: readonly OrderView[] }) {
  const { t } = useTexts();
  return (
    <Grid
      head={[
        t("waybill"),
        t("tracking"),
        t("channel"),
        t("status"),
        t("weight"),
        t("country"),
        t("consignee"),
        t("label"),
      ]}
    >
      {rows.map((row) => (
        <Table.Tr key={row.orderId}>
          <Table.Td>{row.waybill}</Table.Td>
          <Table.Td className="key">{row.trackingNumber ?? "–"}</Table.Td>
          <Table.Td>{row.channelCode}</Table.Td>
          <Table.Td>{row.status}</Table.Td>
          <Table.Td>{row.weightGrams} g</Table.Td>
          <Table.Td>{row.country}</Table.Td>
          <Table.Td dir="auto">{row.consigneeName}</Table.Td>
          <Table.Td>{row.labelKind}</Table.Td>
        </Table.Tr>
      ))}
    </Grid>
  );
}

function Parcels({ rows, onParcel }: { rows: readonly ParcelView[]; onParcel: OnParcel }) {
  const { t, language } = useTexts();
  return (
    <Grid
      head={[
        t("time"),
        t("lane"),
        t("barcode"),
        t("weight"),
        t("order"),
        t("outcome"),
        t("reasons"),
        t("chute"),
        t("details"),
      ]}
    >
      {rows.map((row) => (
        <Table.Tr key={`${row.stationId} ${row.parcelId}`}>
          <Table.Td>{formatClockTime(row.lastOccurredAt, language)}</Table.Td>
          <Table.Td>{row.lane}</Table.Td>
          <Table.Td className="key">{row.barcode ?? "–"}</Table.Td>
          <Table.Td>{row.weightGrams === null ? "–" : `${row.weightGrams} g`}</Table.Td>
          <Table.Td className="key">{row.orderId ?? "–"}</Table.Td>
          <Table.Td>
            <span className="outcome" data-kind={row.outcome ?? "open"}>
              {t(outcomeKey(row.outcome))}
            </span>
          </Table.Td>
          <Table.Td>{describeReasons(row.reasons, language)}</Table.Td>
          <Table.Td>{row.chute ?? "–"}</Table.Td>
          <Table.Td>
            <TrailButton parcel={row} onParcel={onParcel}>
              {row.factCount}
            </TrailButton>
          </Table.Td>
        </Table.Tr>
      ))}
    </Grid>
  );
}

function Facts({ rows, onParcel }: { rows: readonly FactView[]; onParcel: OnParcel }) {
  const { t, language } = useTexts();
  return (
    <Grid head={[t("time"), t("sequence"), t("type"), t("lane"), t("parcel"), t("details")]}>
      {rows.map((row) => (
        <Table.Tr key={`${row.logId} ${row.sequence}`}>
          <Table.Td>{formatClockTime(row.occurredAt, language)}</Table.Td>
          <Table.Td>{row.sequence}</Table.Td>
          <Table.Td>{row.type}</Table.Td>
          <Table.Td>{row.lane ?? "–"}</Table.Td>
          <Table.Td>
            {row.parcelId === null ? (
              "–"
            ) : (
              <TrailButton parcel={{ stationId: row.stationId, parcelId: row.parcelId }} onParcel={onParcel}>
                …{row.parcelId.slice(-6)}
              </TrailButton>
            )}
          </Table.Td>
          <Table.Td className="payload">{JSON.stringify(row.payload)}</Table.Td>
        </Table.Tr>
      ))}
    </Grid>
  );
}

function TrailButton({
  parcel,
  onParcel,
  children,
}: {
  parcel: TrailOf;
  onParcel: OnParcel;
  children: ReactNode;
}) {
  if (onParcel === null) return children;
  return (
    <Button
      variant="default"
      size="compact-sm"
      onClick={() => onParcel({ stationId: parcel.stationId, parcelId: parcel.parcelId })}
    >
      {children}
    </Button>
  );
}

const outcomeKey = (outcome: string | null): "accepted" | "intercepted" | "rejected" | "no-read" | "open" =>
  outcome === "accepted" || outcome === "intercepted" || outcome === "rejected" || outcome === "no-read"
    ? outcome
    : "open";

/** Sentences where this version knows the code; a newer station's code is shown as it is. */
function describeReasons(reasons: unknown, language: Language): string {
  const list = Array.isArray(reasons)
    ? (reasons as readonly { code: string; details: Reason["details"] }[])
    : [];
  return list
    .map((item) => (item.code in reasonCatalog ? describeReason(item as Reason, language) : item.code))
    .join(" ");
}
