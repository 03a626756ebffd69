import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Icon } from "../components/icon.tsx";
import type { Connection } from "./station-client.ts";

/** Across the whole width, because a verdict that is old is worse than none. */
export function ConnectionBanner({ connection, known }: { connection: Connection; known: boolean }) {
  const { t } = useTranslation();
  if (connection === "live" || (connection === "connecting" && !known)) return null;
  const kind = connection === "connecting" ? "lost" : connection;
  return (
    <div className="connection-banner" role="alert">
      <Icon name="unplugged" />
      <div>
        <strong>{t(`engine.${kind}`)}</strong>
        <span>{t(`engine.${kind}.hint`)}</span>
      </div>
      {kind === "outdated" && <Button onClick={() => window.location.reload()}>{t("action.reload")}</Button>}
    </div>
  );
}
