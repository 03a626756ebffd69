import { createInstance } from "i18next";
import { initReactI18next } from "react-i18next";
import { en } from "./en.ts";
import { zh } from "./zh.ts";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "screen";
    resources: { screen: typeof en };
    keySeparator: false;
    nsSeparator: false;
  }
}

export const i18n = createInstance();

export async function startTexts(language: "en" | "zh"): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: language,
    fallbackLng: "en",
    ns: ["screen"],
    defaultNS: "screen",
    resources: { en: { screen: en }, zh: { screen: zh } },
    // Keys are whole, dots and all; React escapes what it shows.
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
}
