import { Button, Checkbox, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { CopyLine } from "../look/copy-line.tsx";
import { useTexts } from "../text/i18n.ts";

/** Shown this once; nobody goes on by a slip of the finger. */
export function BackupCodes({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) {
  const { t } = useTexts();
  const [isKept, setIsKept] = useState(false);
  return (
    <Stack>
      <Title order={2} size="h4">
        {t("backup.title")}
      </Title>
      <Text size="sm">{t("backup.hint")}</Text>
      <CopyLine text={codes.join("\n")} label={t("backup.title")} />
      <Checkbox
        label={t("backup.kept")}
        checked={isKept}
        onChange={(event) => setIsKept(event.currentTarget.checked)}
      />
      <Button disabled={!isKept} onClick={onKept} fullWidth>
        {t("sign-in.enter")}
      </Button>
    </Stack>
  );
}
