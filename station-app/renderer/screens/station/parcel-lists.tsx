import type { ParcelView } from "@waystation/shared/session/view";
import { useTranslation } from "react-i18next";
import { usePreferences } from "../../app/preferences.ts";
import { Icon } from "../../components/icon.tsx";
import { formatGrams, formatTime } from "../../text/format.ts";
import { parcelTone } from "./parcel-tone.ts";

/** The parcels under way, in the order they lie on the lane. */
export function BeltStrip({ parcels }: { parcels: readonly ParcelView[] }) {
  const { t } = useTranslation();
  return (
    <div className="belt">
      <h3>{t("list.belt")}</h3>
      <ol>
        {parcels.length === 0 && <li className="empty">{t("list.belt.empty")}</li>}
        {parcels.map((parcel) => (
          <li key={parcel.parcelId} className="chip" data-tone={parcelTone(parcel)}>
            <Icon name={parcelTone(parcel)} heavy />
            <span>{parcel.barcode === null ? t("parcel.no-barcode") : shorten(parcel.barcode)}</span>
            <em>{t(`phase.${parcel.phase}`)}</em>
          </li>
        ))}
      </ol>
    </div>
  );
}

export function RecentList({ parcels }: { parcels: readonly ParcelView[] }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  return (
    <div className="recent">
      <h3>{t("list.recent")}</h3>
      <ol>
        {parcels.length === 0 && <li className="empty">{t("list.recent.empty")}</li>}
        {parcels.map((parcel) => (
          <li key={parcel.parcelId}>
            <span className="tone-mark" data-tone={parcelTone(parcel)}>
              <Icon name={parcelTone(parcel)} heavy />
            </span>
            <span className="recent-word">{t(`word.${parcelTone(parcel)}`)}</span>
            <span className="recent-code">
              <bdi>{parcel.barcode ?? t("parcel.no-barcode")}</bdi>
            </span>
            <span className="recent-weight">
              {parcel.weightGrams === null ? "" : formatGrams(parcel.weightGrams, language)}
            </span>
            <span className="recent-chute">{parcel.chute === null ? "" : `→ ${parcel.chute}`}</span>
            <time>{formatTime(parcel.changedAtMs, language)}</time>
          </li>
        ))}
      </ol>
    </div>
  );
}

/** The last characters tell parcels apart; the first ones are the carrier's. */
const shorten = (barcode: string): string => (barcode.length > 9 ? `…${barcode.slice(-8)}` : barcode);
