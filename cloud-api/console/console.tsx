import {
  Alert,
  Badge,
  Button,
  Group,
  PasswordInput,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { followChanges, keepToken, Refused, read, takeToken } from "./cloud-client.ts";
import { type ListName, listNames, Listing } from "./listing.tsx";
import { OverviewBar } from "./overview-bar.tsx";
import { ParcelTrail, type TrailOf } from "./parcel-trail.tsx";
import { switchLanguage, useTexts } from "./text/i18n.ts";

export function Console() {
  const [token, setToken] = useState(takeToken);
  return token === null ? (
    <SignIn onToken={setToken} />
  ) : (
    <Signed token={token} onRefused={() => setToken(null)} />
  );
}

function SignIn({ onToken }: { onToken: (token: string) => void }) {
  const { t } = useTexts();
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await read(text, "/v1/console/overview", AbortSignal.timeout(10_000));
      keepToken(text);
      onToken(text);
    } catch (error) {
      setWrong(error instanceof Refused || error instanceof Error);
    }
  };
  return (
    <form className="sign-in" onSubmit={(event) => void submit(event)}>
      <Title order={1}>{t("title")}</Title>
      <PasswordInput
        label={t("sign-in")}
        description={t("sign-in-hint")}
        error={wrong && t("sign-in-wrong")}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        autoFocus
      />
      <Button type="submit" disabled={text.length === 0}>
        {t("sign-in-button")}
      </Button>
    </form>
  );
}

function Signed({ token, onRefused }: { token: string; onRefused: () => void }) {
  const { t } = useTexts();
  const [revision, setRevision] = useState(0);
  const [live, setLive] = useState(true);
  const [list, setList] = useState<ListName>("parcels");
  const [search, setSearch] = useState("");
  const [trail, setTrail] = useState<TrailOf | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    void followChanges(
      token,
      { onChange: () => setRevision((before) => before + 1), onLive: setLive },
      abort.signal,
    );
    read(token, "/v1/console/overview", abort.signal).catch(
      (error: unknown) => error instanceof Refused && onRefused(),
    );
    return () => abort.abort();
  }, [token, onRefused]);
  return (
    <Stack className="console" gap="md">
      <Group justify="space-between">
        <Group>
          <Title order={1} size="h3">
            {t("title")}
          </Title>
          <Badge color={live ? "green" : "orange"} variant="light">
            {live ? t("live") : t("reconnecting")}
          </Badge>
        </Group>
        <Button variant="default" onClick={switchLanguage}>
          {t("language")}
        </Button>
      </Group>
      {!live && <Alert color="orange">{t("reconnecting")}</Alert>}
      <OverviewBar token={token} revision={revision} />
      <Group>
        <SegmentedControl
          value={list}
          onChange={(value) => setList(value as ListName)}
          data={listNames.map((name) => ({ value: name, label: t(name) }))}
        />
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
        token={token}
        list={list}
        search={search}
        revision={revision}
        onParcel={setTrail}
      />
      {trail !== null && (
        <ParcelTrail token={token} revision={revision} of={trail} onClose={() => setTrail(null)} />
      )}
      <Text size="xs" c="dimmed">
        {location.host}
      </Text>
    </Stack>
  );
}
