import type { LaneView, ParcelView } from "@waystation/shared/session/view";
import type { CSSProperties } from "react";
import { useTranslation } from "react-i18next";
import { usePreferences } from "../../app/preferences.ts";
import { ActionButton } from "../../components/action-button.tsx";
import { Icon } from "../../components/icon.tsx";
import { countryName, formatGrams, nextStepText, reasonText } from "../../text/format.ts";
import { parcelTone, pickParcel } from "./parcel-tone.ts";
import type { LaneCommands } from "./use-lane-commands.ts";

type VerdictPanelProps = {
  readonly lane: LaneView;
  readonly commands: LaneCommands;
  readonly hint: (key: string) => string | undefined;
};

/** Colour, icon and word together: readable from three metres, and without colours. */
export function VerdictPanel({ lane, commands, hint }: VerdictPanelProps) {
  const { t } = useTranslation();
  const parcel = pickParcel(lane);
  if (parcel === null) {
    return (
      <div className="verdict" data-tone="idle" role="status">
        <div className="verdict-body">
          <Icon name="parcel" />
          <p className="idle-word">{t("parcel.none")}</p>
          <p className="why">{t(`parcel.none.hint.${lane.profile}`)}</p>
        </div>
      </div>
    );
  }
  const tone = parcelTone(parcel);
  const word =
    tone === "question" && parcel.needs !== null ? t(`word.question.${parcel.needs}`) : t(`word.${tone}`);
  return (
    // The key starts the short flash again for every new verdict.
    <div className="verdict" key={`${parcel.parcelId} ${tone}`} data-tone={tone} role="status">
      <div className="verdict-body">
        <div className="verdict-head">
          <div className="verdict-signs">
            <Icon name={tone} heavy />
            <p className="word" style={{ "--letters": word.length } as CSSProperties}>
              {word}
            </p>
            {parcel.chute !== null && tone !== "question" && (
              <p className="chute">
                <span>{t("field.chute")}</span>
                <strong>{parcel.chute}</strong>
              </p>
            )}
          </div>
        </div>
        <Why parcel={parcel} />
        {parcel.needs === "label-answer" && (
          <div className="actions">
            <ActionButton
              icon="accepted"
              label={t("action.yes")}
              hint={hint("F6")}
              busy={commands.busy === "yes"}
              onClick={commands.labelYes}
            />
            <ActionButton
              icon="rejected"
              label={t("action.no")}
              hint={hint("F7")}
              busy={commands.busy === "no"}
              onClick={commands.labelNo}
            />
          </div>
        )}
        <ParcelFields parcel={parcel} />
      </div>
    </div>
  );
}

function Why({ parcel }: { parcel: ParcelView }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const sentences = parcel.reasons.map((item) => reasonText(item, language));
  // Several reasons often lead to the same place: each step once. A waiting parcel's step is the question itself.
  const steps = parcel.phase === "waiting" ? [] : parcel.reasons.map((item) => nextStepText(item, language));
  const next = [...new Set(steps)].filter((step) => step !== null);
  return (
    <div className="why">
      {parcel.phase === "waiting" && parcel.needs !== null && (
        <p className="next">{t(`ask.${parcel.needs}`)}</p>
      )}
      {sentences.slice(0, 3).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {next.slice(0, 2).map((step) => (
        <p className="next" key={step}>
          <Icon name="next" heavy />
          {step}
        </p>
      ))}
    </div>
  );
}

function ParcelFields({ parcel }: { parcel: ParcelView }) {
  const { t } = useTranslation();
  const { language } = usePreferences();
  const fields = [
    ["barcode", parcel.barcode],
    ["weight", parcel.weightGrams === null ? null : formatGrams(parcel.weightGrams, language)],
    ["size", parcel.size],
    ["channel", parcel.channelCode],
    ["country", parcel.country],
  ] as const;
  return (
    <dl className="fields">
      {fields.map(([name, value]) => (
        <div key={name} data-field={name}>
          <dt>{t(`field.${name}`)}</dt>
          <dd>
            {value ?? "–"}
            {name === "country" && value !== null && <small> {countryName(value, language)}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
