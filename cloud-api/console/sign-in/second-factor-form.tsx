import { Anchor, TextInput } from "@mantine/core";
import { useState } from "react";
import type { CloudClient } from "../connection/cloud-client.ts";
import { useTexts } from "../text/i18n.ts";
import { CodeInput } from "./code-input.tsx";
import { EntryForm } from "./entry-form.tsx";

/** Six digits of the authenticator, or one of the codes that were kept for when it is lost. */
export function SecondFactorForm({ client, onPassed }: { client: CloudClient; onPassed: () => void }) {
  const { t } = useTexts();
  const [isBackup, setIsBackup] = useState(false);
  const [code, setCode] = useState("");
  const pass = async () => {
    const body = isBackup ? { backupCode: code } : { code };
    const reply = await client.send("/v1/auth/second-factor", body);
    if (reply.ok) onPassed();
    else setCode("");
    return reply;
  };
  const turn = (): void => {
    setIsBackup(!isBackup);
    setCode("");
  };
  return (
    <EntryForm
      title={t("second-factor.title")}
      button={t("sign-in.enter")}
      isReady={isBackup ? code.length >= 6 : code.length === 6}
      explain={(failure) =>
        failure.code === "access.sign-in-refused"
          ? t(isBackup ? "second-factor.backup-refused" : "second-factor.refused")
          : undefined
      }
      onSubmit={pass}
    >
      {isBackup ? (
        <TextInput
          label={t("second-factor.backup")}
          autoComplete="off"
          spellCheck={false}
          maxLength={40}
          value={code}
          autoFocus
          onChange={(event) => setCode(event.currentTarget.value.trim())}
        />
      ) : (
        <CodeInput
          label={t("second-factor.code")}
          description={t("second-factor.hint")}
          value={code}
          onChange={setCode}
        />
      )}
      <Anchor component="button" type="button" onClick={turn} ta="start">
        {t(isBackup ? "second-factor.use-code" : "second-factor.use-backup")}
      </Anchor>
    </EntryForm>
  );
}
