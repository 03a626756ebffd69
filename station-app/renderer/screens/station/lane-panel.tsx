import type { DeviceView, LaneView } from "@waystation/shared/session/view";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import type { StationClient } from "../../app/station-client.ts";
import { usePreferences } from "../../app/preferences.ts";
import { useKeys } from "../../app/use-keys.ts";
import { useWedge } from "../../app/use-wedge.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { TextDialog } from "../../components/text-dialog.tsx";
import { DeviceChips } from "./device-chips.tsx";
import { LaneHeader } from "./lane-header.tsx";
import { failureText } from "../../text/format.ts";
import { BeltStrip, RecentList } from "./parcel-lists.tsx";
import { useLaneCommands } from "./use-lane-commands.ts";
import { VerdictPanel } from "./verdict-panel.tsx";

type LanePanelProps = {
  readonly lane: LaneView;
  readonly devices: readonly DeviceView[];
  readonly active: boolean;
  readonly only: boolean;
  readonly nextLaneId: string | null;
  readonly command: StationClient["command"];
  readonly operatorId: string;
  readonly keysEnabled: boolean;
  readonly onChoose: (laneId: string) => void;
  readonly onDialog: (open: boolean) => void;
};

export function LanePanel({
  lane,
  devices,
  active,
  only,
  nextLaneId,
  command,
  operatorId,
  keysEnabled,
  onChoose,
  onDialog,
}: LanePanelProps) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const commands = useLaneCommands(lane, command, operatorId);
  const [typing, setTyping] = useState(false);
  const type = useCallback(
    (open: boolean) => {
      setTyping(open);
      onDialog(open);
    },
    [onDialog],
  );
  const describeStop = (reason: string | null): string | null => {
    if (reason === null) return null;
    return reason === "operator"
      ? t("lane.reason.operator")
      : failureText({ code: reason, details: {} }, language);
  };
  const canType = commands.enterBarcode !== null;
  const openDialog = useMemo(() => (canType ? () => type(true) : null), [canType, type]);
  const actions = useMemo(
    () => ({
      F1: nextLaneId === null ? null : () => onChoose(nextLaneId),
      F2: commands.stop ?? commands.resume,
      F4: openDialog,
      F6: commands.labelYes,
      F7: commands.labelNo,
      F8: commands.clear,
    }),
    [nextLaneId, onChoose, openDialog, commands],
  );
  useKeys(actions, keysEnabled);
  useWedge(keysEnabled, commands.takeScan);
  const hint = (key: string) => (active ? key : undefined);

  return (
    <section
      className="lane"
      aria-label={lane.laneId}
      data-active={active && !only}
      data-status={lane.status}
      onPointerDown={() => onChoose(lane.laneId)}
      onFocus={() => onChoose(lane.laneId)}
    >
      <div className="lane-grid">
        <LaneHeader lane={lane} hint={active && nextLaneId !== null ? "F1" : null} />
        {lane.status !== "running" && (
          <div className="lane-banner" role="alert">
            <Icon name="warning" />
            <strong>{t(`lane.banner.${lane.status}`)}</strong>
            <span>{describeStop(lane.stopReason)}</span>
          </div>
        )}
        <VerdictPanel lane={lane} commands={commands} hint={hint} />
        <BeltStrip parcels={lane.parcels} />
        <RecentList parcels={lane.recent} />
        <DeviceChips devices={devices} busy={commands.busy} onCheckZero={commands.checkZero} />
        <div className="lane-actions">
          {commands.notice !== null && (
            <p className="notice" role="alert">
              <Icon name="warning" />
              {commands.notice}
            </p>
          )}
          <div className="actions">
            {commands.stop !== null ? (
              <ActionButton
                icon="stop"
                label={t("action.stop")}
                hint={hint("F2")}
                busy={commands.busy === "stop"}
                kind="stop"
                onClick={commands.stop}
              />
            ) : (
              <ActionButton
                icon="resume"
                label={t("action.resume")}
                hint={hint("F2")}
                busy={commands.busy === "resume"}
                kind="go"
                onClick={commands.resume}
              />
            )}
            <ActionButton
              icon="keyboard"
              label={t("action.barcode")}
              hint={hint("F4")}
              busy={commands.busy === "barcode"}
              onClick={openDialog}
            />
            <ActionButton
              icon="take-away"
              label={t("action.clear")}
              hint={hint("F8")}
              busy={commands.busy === "clear"}
              onClick={commands.clear}
            />
          </div>
        </div>
      </div>
      <TextDialog
        opened={typing}
        title={t("dialog.barcode.title", { lane: lane.laneId })}
        hint={t("dialog.barcode.hint")}
        maxLength={128}
        onClose={() => type(false)}
        onSubmit={(data) => {
          commands.enterBarcode?.(data);
          type(false);
        }}
      />
    </section>
  );
}
