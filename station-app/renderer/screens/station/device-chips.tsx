import type { DeviceView } from "@waystation/shared/session/view";
import { useTranslation } from "react-i18next";
import { usePreferences } from "../../app/preferences.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { failureText } from "../../text/format.ts";

/** Every device with its live state; one in trouble also says what to do. */
export function DeviceChips({
  devices,
  busy,
  onCheckZero,
}: {
  readonly devices: readonly DeviceView[];
  /** The button that waits for its answer. */
  readonly busy: string | null;
  readonly onCheckZero: (deviceId: string) => void;
}) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  return (
    <div className="devices">
      <h3>{t("list.devices")}</h3>
      <ul>
        {devices.map((device) => (
          <li key={device.deviceId} className="device" data-state={device.state}>
            <Icon name={device.kind} />
            <span>{t(`device.kind.${device.kind}`)}</span>
            <em>{t(`device.state.${device.state}`)}</em>
          </li>
        ))}
      </ul>
      {devices
        .filter((device) => device.state !== "ready" && device.failure !== null)
        .map((device) => (
          <p key={device.deviceId} className="remedy" role="alert">
            <Icon name="warning" />
            {device.failure !== null && failureText(device.failure, language)}
          </p>
        ))}
      {devices.flatMap(({ deviceId, upkeep }) =>
        (upkeep?.warnings ?? []).map((warning) => (
          <p key={`${deviceId} ${warning.code}`} className="upkeep" role="status">
            <Icon name="scale" />
            {failureText(warning, language)}
            {warning.code.startsWith("scale.zero") && (
              <ActionButton
                icon="scale"
                label={t("action.check-zero")}
                busy={busy === deviceId}
                onClick={() => onCheckZero(deviceId)}
              />
            )}
          </p>
        )),
      )}
    </div>
  );
}
