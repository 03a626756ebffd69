import { Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { may } from "../connection/access.ts";
import { useCloud } from "../connection/use-cloud.ts";
import { useTexts } from "../text/i18n.ts";
import { type ListName, Listing } from "./listing.tsx";
import { OverviewBar } from "./overview-bar.tsx";
import { ParcelTrail, type TrailOf } from "./parcel-trail.tsx";

const lists = [
  { name: "orders", permission: "orders.read" },
  { name: "parcels", permission: "parcels.read" },
  { name: "facts", permission: "facts.read" },
] as const;

/** What goes through the hubs: orders, parcels and the facts behind them. */
export function ParcelsPage() {
  const { t } = useTexts();
  const { access } = useCloud();
  const [list, setList] = useState<ListName>("parcels");
  const [search, setSearch] = useState("");
  const [trail, setTrail] = useState<TrailOf | null>(null);
  const open = lists.filter(({ permission }) => may(access, permission)).map(({ name }) => name);
  return (
    <Stack gap="md">
      <OverviewBar />
      <Group>
        {open.length > 1 && (
          <SegmentedControl
            value={list}
            onChange={(value) => setList(value as ListName)}
            data={open.map((name) => ({ value: name, label: t(name) }))}
          />
        )}
        <TextInput
          className="search"
          type="search"
          aria-label={t("search")}
          placeholder={t("search")}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </Group>
      <Listing
        key={`${list} ${search}`}
        list={list}
        search={search}
        onParcel={may(access, "facts.read") ? setTrail : null}
      />
      {trail !== null && <ParcelTrail of={trail} onClose={() => setTrail(null)} />}
    </Stack>
  );
}
