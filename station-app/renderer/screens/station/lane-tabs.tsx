import type { LaneView } from "@waystation/shared/session/view";
import { useTranslation } from "react-i18next";
import { Icon } from "../../components/icon.tsx";
import { parcelTone, pickParcel } from "./parcel-tone.ts";

/** Shown by the style sheet where the lanes do not fit beside one another; a lane that needs somebody says so here. */
export function LaneTabs({
  lanes,
  activeLaneId,
  onChoose,
}: {
  lanes: readonly LaneView[];
  activeLaneId: string;
  onChoose: (laneId: string) => void;
}) {
  const { t } = useTranslation();
  if (lanes.length < 2) return null;
  return (
    <nav className="lane-tabs" data-lanes={lanes.length}>
      {lanes.map((lane) => {
        const parcel = pickParcel(lane);
        const tone = parcel === null ? "working" : parcelTone(parcel);
        return (
          <button
            key={lane.laneId}
            type="button"
            className="lane-tab"
            aria-pressed={lane.laneId === activeLaneId}
            onClick={() => onChoose(lane.laneId)}
          >
            <span className="tone-mark" data-tone={tone}>
              <Icon name={tone} heavy />
            </span>
            {lane.laneId}
            {tone === "question" && <em>{t("lane.needs-you")}</em>}
            {lane.status !== "running" && <em>{t(`lane.status.${lane.status}`)}</em>}
          </button>
        );
      })}
    </nav>
  );
}
