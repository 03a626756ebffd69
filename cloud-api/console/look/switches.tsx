import { Button, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { switchLanguage, useTexts } from "../text/i18n.ts";

export function LanguageButton() {
  const { t } = useTexts();
  return (
    <Button variant="default" size="compact-md" onClick={switchLanguage}>
      {t("language")}
    </Button>
  );
}

export function ColorButton() {
  const { t } = useTexts();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  return (
    <Button variant="default" size="compact-md" onClick={() => setColorScheme(isDark ? "light" : "dark")}>
      {t(isDark ? "light" : "dark")}
    </Button>
  );
}
