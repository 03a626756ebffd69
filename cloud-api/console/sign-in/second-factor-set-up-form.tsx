import { Text } from "@mantine/core";
import { useState } from "react";
import type { SecondFactorSetUp } from "../../modules/overview/console-contract.ts";
import type { CloudClient } from "../connection/cloud-client.ts";
import { CopyLine } from "../look/copy-line.tsx";
import { useTexts } from "../text/i18n.ts";
import { CodeInput } from "./code-input.tsx";
import { EntryForm } from "./entry-form.tsx";
import { QrPicture } from "./qr-picture.tsx";

type Props = {
  readonly client: CloudClient;
  readonly setUp: SecondFactorSetUp;
  readonly onPassed: (backupCodes: readonly string[]) => void;
};

/** The secret as a picture and as text, good from its first code on. */
export function SecondFactorSetUpForm({ client, setUp, onPassed }: Props) {
  const { t } = useTexts();
  const [code, setCode] = useState("");
  const pass = async () => {
    const reply = await client.send("/v1/auth/second-factor", { code });
    if (reply.ok) onPassed(setUp.backupCodes);
    else setCode("");
    return reply;
  };
  return (
    <EntryForm
      title={t("set-up.title")}
      hint={t("set-up.hint")}
      button={t("sign-in.go-on")}
      isReady={code.length === 6}
      explain={(refused) =>
        refused.code === "access.sign-in-refused" ? t("second-factor.refused") : undefined
      }
      onSubmit={pass}
    >
      <QrPicture text={setUp.totpUri} label={t("set-up.picture")} />
      <Text size="sm">{t("set-up.by-hand")}</Text>
      <CopyLine text={groupSecret(setUp.totpUri)} label={t("set-up.secret")} />
      <CodeInput label={t("second-factor.code")} value={code} onChange={setCode} />
    </EntryForm>
  );
}

/** In fours, as a person reads it off. */
const groupSecret = (totpUri: string): string =>
  (URL.parse(totpUri)?.searchParams.get("secret") ?? totpUri).replaceAll(/(.{4})(?=.)/g, "$1 ");
