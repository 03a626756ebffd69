import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import type { StationView } from "@waystation/shared/session/view";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Icon, type IconName } from "../components/icon.tsx";
import { TextDialog } from "../components/text-dialog.tsx";
import { failureText } from "../text/format.ts";
import { setPreferences, usePreferences } from "./preferences.ts";
import { useKeys } from "./use-keys.ts";

type TopBarProps = {
  readonly view: StationView | null;
  readonly operatorId: string | null;
  readonly onOperator: (operatorId: string) => void;
  readonly onDialog: (open: boolean) => void;
  readonly keysEnabled: boolean;
};

export function TopBar({ view, operatorId, onOperator, onDialog, keysEnabled }: TopBarProps) {
  const { t, i18n } = useTranslation();
  const { language, muted } = usePreferences();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const [asking, setAsking] = useState(false);
  const ask = (open: boolean) => {
    setAsking(open);
    onDialog(open);
  };

  const actions = useMemo(
    () => ({
      F9: () => {
        const next = language === "en" ? "zh" : "en";
        setPreferences({ language: next });
        void i18n.changeLanguage(next);
      },
      F10: () => setPreferences({ muted: !muted }),
    }),
    [i18n, language, muted],
  );
  useKeys(actions, keysEnabled);

  return (
    <header className="top-bar">
      <div className="brand">
        <Icon name="parcel" />
        <div>
          <strong>Waystation</strong>
          <span>{view?.stationId ?? "–"}</span>
        </div>
      </div>
      {view !== null && <CloudLink link={view.link} />}
      <div className="tools">
        <ToolButton icon="person" label={operatorId ?? t("operator.none")} onClick={() => ask(true)} />
        <ToolButton
          icon={scheme === "dark" ? "sun" : "moon"}
          label={t(scheme === "dark" ? "action.light" : "action.dark")}
          onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
        />
        <ToolButton
          icon={muted ? "muted" : "sound"}
          label={t(muted ? "action.unmute" : "action.mute")}
          hint="F10"
          onClick={actions.F10}
        />
        <ToolButton
          icon="language"
          label={t("action.language")}
          hint="F9"
          lang={language === "en" ? "zh" : "en"}
          onClick={actions.F9}
        />
      </div>
      <TextDialog
        opened={asking}
        title={t("dialog.operator.title")}
        hint={t("dialog.operator.hint")}
        maxLength={64}
        onClose={() => ask(false)}
        onSubmit={(text) => {
          onOperator(text);
          ask(false);
        }}
      />
    </header>
  );
}

type ToolButtonProps = {
  readonly icon: IconName;
  readonly label: string;
  readonly hint?: string;
  readonly lang?: string;
  readonly onClick: () => void;
};

function ToolButton({ icon, label, hint, lang, onClick }: ToolButtonProps) {
  return (
    <button type="button" className="tool" lang={lang} onClick={onClick}>
      <Icon name={icon} />
      <span>
        {label}
        {hint !== undefined && <kbd>{hint}</kbd>}
      </span>
    </button>
  );
}

function CloudLink({ link }: { link: StationView["link"] }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const backlog = link.factsRecorded - link.factsAcknowledged;
  return (
    <div className="cloud-link" data-cloud={link.cloud} role="status">
      <Icon name={link.cloud === "online" ? "cloud" : "cloud-off"} />
      <div>
        <strong>{t(`link.${link.cloud}`)}</strong>
        <span>
          {backlog > 0 ? t("link.backlog", { count: backlog }) : t("link.sent")} ·{" "}
          {t("link.orders", { count: link.ordersVisible })}
        </span>
        {(link.cloud === "refused" || link.cloud === "waiting") && link.failure !== null && (
          <span className="remedy">{failureText(link.failure, language)}</span>
        )}
        {(link.notices ?? []).map((notice) => (
          <span key={JSON.stringify(notice)} className="remedy" role="alert">
            {failureText(notice, language)}
          </span>
        ))}
        {link.ordersFailure != null && (
          <span className="remedy">{failureText(link.ordersFailure, language)}</span>
        )}
      </div>
    </div>
  );
}
