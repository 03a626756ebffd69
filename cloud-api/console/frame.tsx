import { Alert, Anchor, Badge, Button, Group, Stack, Text, Title } from "@mantine/core";
import { type Access, may } from "./connection/access.ts";
import { useCloud, useIsLive } from "./connection/use-cloud.ts";
import { AuditPage } from "./audit/audit-page.tsx";
import { formatClockTime } from "./look/format.ts";
import { ColorButton, LanguageButton } from "./look/switches.tsx";
import { placeOf, useFragment } from "./look/use-fragment.ts";
import { ParcelsPage } from "./parcels/parcels-page.tsx";
import { StationsPage } from "./stations/stations-page.tsx";
import { useTexts } from "./text/i18n.ts";

const pages = [
  { name: "parcels", permission: "overview.read" },
  { name: "stations", permission: "stations.read" },
  { name: "audit", permission: "audit.read" },
] as const;
type PageName = (typeof pages)[number]["name"];

/** What every page has around it: where one is, who one is, and whether what is shown is of now. */
export function Frame({ onSignOut }: { onSignOut: () => void }) {
  const { t } = useTexts();
  const { access } = useCloud();
  const [place, detail] = useFragment();
  const open = pages.filter(({ permission }) => may(access, permission)).map(({ name }) => name);
  const page = open.find((name) => name === place) ?? open[0];
  return (
    <Stack className="console" gap="md">
      <Group component="header" justify="space-between">
        <Group>
          <Title order={1} size="h3">
            {t("title")}
          </Title>
          <LiveBadge />
        </Group>
        <Group gap="xs">
          <Who access={access} />
          <ColorButton />
          <LanguageButton />
          <Button variant="default" size="compact-md" onClick={onSignOut}>
            {t("sign-out")}
          </Button>
        </Group>
      </Group>
      <Group component="nav" aria-label={t("pages")} gap="lg" className="pages">
        {open.map((name) => (
          <Anchor key={name} href={placeOf(name)} aria-current={name === page ? "page" : undefined}>
            {t(name === "parcels" ? "page.parcels" : name)}
          </Anchor>
        ))}
      </Group>
      <LastWord />
      <main>
        {page === undefined ? (
          <Alert color="orange">{t("no-role")}</Alert>
        ) : (
          <Shown page={page} detail={detail ?? null} />
        )}
      </main>
      <Text size="xs" c="dimmed">
        {location.host}
      </Text>
    </Stack>
  );
}

function Shown({ page, detail }: { page: PageName; detail: string | null }) {
  switch (page) {
    case "parcels":
      return <ParcelsPage />;
    case "stations":
      return <StationsPage stationId={detail} />;
    case "audit":
      return <AuditPage />;
  }
}

function LiveBadge() {
  const { t } = useTexts();
  const live = useIsLive();
  return (
    <Badge color={live ? "green" : "orange"} variant="light" tt="none">
      {t(live ? "live" : "reconnecting")}
    </Badge>
  );
}

/** What is shown stays when the line is cut, and says of when it is. */
function LastWord() {
  const { t, language } = useTexts();
  const { clock } = useCloud();
  const live = useIsLive();
  const contactMs = clock.contactMs();
  return (
    <div role="status">
      {!live && (
        <Alert color="orange">
          {contactMs === null
            ? t("cloud-unreachable")
            : t("shown-as-of", { time: formatClockTime(contactMs, language) })}
        </Alert>
      )}
    </div>
  );
}

function Who({ access }: { access: Access }) {
  const { t } = useTexts();
  return (
    <Text size="sm" c="dimmed" dir="auto">
      {access.kind === "token" ? t("token.title") : access.session.name}
    </Text>
  );
}
