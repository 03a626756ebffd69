import type { LaneView } from "@waystation/shared/session/view";
import { useTranslation } from "react-i18next";
import { Icon } from "../../components/icon.tsx";

const counted = [
  ["accepted", "accepted"],
  ["intercepted", "intercepted"],
  ["rejected", "rejected"],
  ["noRead", "no-read"],
] as const;

export function LaneHeader({ lane, hint }: { lane: LaneView; hint: string | null }) {
  const { t } = useTranslation();
  return (
    <header className="lane-header">
      <h2>{lane.laneId}</h2>
      {hint !== null && <kbd title={t("action.next-lane")}>{hint}</kbd>}
      <span className="lane-status" data-status={lane.status}>
        {t(`lane.status.${lane.status}`)}
      </span>
      <ul className="counts">
        {counted.map(([count, tone]) => (
          <li key={tone} aria-label={`${t(`word.${tone}`)} ${lane.counts[count]}`}>
            <span className="tone-mark" data-tone={tone}>
              <Icon name={tone} heavy />
            </span>
            {lane.counts[count]}
          </li>
        ))}
      </ul>
    </header>
  );
}
