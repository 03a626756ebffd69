import { Drawer, Loader, Text, Timeline } from "@mantine/core";
import type { FactView } from "../../modules/overview/console-contract.ts";
import { useRoute } from "../connection/use-cloud.ts";
import { useTexts } from "../text/i18n.ts";

export type TrailOf = { readonly stationId: string; readonly parcelId: string };

/** Everything recorded of one parcel, in the order of the log. */
export function ParcelTrail({ of, onClose }: { of: TrailOf; onClose: () => void }) {
  const { t } = useTexts();
  const path = `/v1/console/parcels/${encodeURIComponent(of.stationId)}/${encodeURIComponent(of.parcelId)}/facts`;
  const { value } = useRoute<{ items: readonly FactView[] }>(path);
  return (
    <Drawer
      opened
      lockScroll={false}
      onClose={onClose}
      position="right"
      size="lg"
      title={t("trail")}
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Text size="xs" c="dimmed" mb="md">
        {of.parcelId}
      </Text>
      {value === null ? (
        <Loader />
      ) : (
        <Timeline active={value.items.length} bulletSize={14} lineWidth={2}>
          {value.items.map((fact) => (
            <Timeline.Item key={fact.sequence} title={fact.type}>
              <Text size="xs" c="dimmed">
                {fact.sequence} · {new Date(fact.occurredAt).toLocaleString()}
              </Text>
              <Text size="xs" className="payload">
                {JSON.stringify(fact.payload)}
              </Text>
            </Timeline.Item>
          ))}
        </Timeline>
      )}
    </Drawer>
  );
}
