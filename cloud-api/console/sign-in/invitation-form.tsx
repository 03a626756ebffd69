import { PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { CloudClient } from "../connection/cloud-client.ts";
import { useTexts } from "../text/i18n.ts";
import { EntryForm } from "./entry-form.tsx";
import { type AfterPassword, sendPassword } from "./send-password.ts";

type Props = {
  readonly client: CloudClient;
  readonly code: string;
  readonly onNext: (after: AfterPassword) => void;
};

/** The first time: a password of one's own, and straight on with it. */
export function InvitationForm({ client, code: given, onNext }: Props) {
  const { t } = useTexts();
  const [code, setCode] = useState(given);
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const isDifferent = again !== "" && again !== password;
  const accept = async () => {
    const accepted = await client.send<{ email: string }>("/v1/auth/invitations", { code, password });
    if (!accepted.ok) return accepted;
    const reply = await sendPassword(client, accepted.value.email, password);
    if (reply.ok) onNext(reply.value);
    return reply;
  };
  const newPassword = { autoComplete: "new-password", maxLength: 200 } as const;
  const toggle = { "aria-label": t("sign-in.show-password") };
  return (
    <EntryForm
      title={t("invitation.title")}
      hint={t("invitation.hint")}
      button={t("sign-in.go-on")}
      isReady={code !== "" && password !== "" && password === again}
      onSubmit={accept}
    >
      <TextInput
        label={t("invitation.code")}
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        value={code}
        autoFocus={given === ""}
        onChange={(event) => setCode(event.currentTarget.value.trim())}
      />
      <PasswordInput
        label={t("invitation.password")}
        description={t("invitation.password-hint")}
        value={password}
        autoFocus={given !== ""}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={toggle}
        {...newPassword}
      />
      <PasswordInput
        label={t("invitation.again")}
        error={isDifferent && t("invitation.different")}
        value={again}
        onChange={(event) => setAgain(event.currentTarget.value)}
        visibilityToggleButtonProps={toggle}
        {...newPassword}
      />
    </EntryForm>
  );
}
