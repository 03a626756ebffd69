import { createInstance } from "i18next";
import { initReactI18next, useTranslation } from "react-i18next";
import type { Language } from "@waystation/shared/failures/language";
import { en } from "./en.ts";
import { zh } from "./zh.ts";

const i18n = createInstance();

const languageKey = "waystation.console-language";
const storedLanguage = (): string =>
  localStorage.getItem(languageKey) ?? (navigator.language.startsWith("zh") ? "zh" : "en");

export async function startTexts(): Promise<void> {
  i18n.on("languageChanged", (language) => {
    document.documentElement.lang = language;
    localStorage.setItem(languageKey, language);
  });
  await i18n.use(initReactI18next).init({
    lng: storedLanguage(),
    fallbackLng: "en",
    resources: { en: { translation: en }, zh: { translation: zh } },
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
}

export type TextKey = keyof typeof en;
type Texts = {
  readonly t: (key: TextKey, values?: Readonly<Record<string, string | number>>) => string;
  readonly language: Language;
};

/** The page's sentences, by key; the screen of the station has types of its own for the same library. */
export function useTexts(): Texts {
  const { t, i18n: current } = useTranslation() as unknown as { t: Texts["t"]; i18n: typeof i18n };
  return { t, language: current.language === "zh" ? "zh" : "en" };
}

export const switchLanguage = (): void => void i18n.changeLanguage(i18n.language === "zh" ? "en" : "zh");
