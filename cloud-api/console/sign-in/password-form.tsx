import { PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import type { CloudClient } from "../connection/cloud-client.ts";
import { useTexts } from "../text/i18n.ts";
import { EntryForm } from "./entry-form.tsx";
import { type AfterPassword, sendPassword } from "./send-password.ts";

type Props = {
  readonly client: CloudClient;
  readonly onNext: (after: AfterPassword) => void;
};

export function PasswordForm({ client, onNext }: Props) {
  const { t } = useTexts();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = async () => {
    const reply = await sendPassword(client, email, password);
    if (reply.ok) onNext(reply.value);
    return reply;
  };
  return (
    <EntryForm
      title={t("sign-in.title")}
      button={t("sign-in.go-on")}
      isReady={email !== "" && password !== ""}
      explain={({ code }) => (code === "access.sign-in-refused" ? t("sign-in.refused") : undefined)}
      onSubmit={signIn}
    >
      <TextInput
        label={t("sign-in.email")}
        type="email"
        autoComplete="username"
        maxLength={200}
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value.trim())}
        autoFocus
      />
      <PasswordInput
        label={t("sign-in.password")}
        autoComplete="current-password"
        maxLength={200}
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
        visibilityToggleButtonProps={{ "aria-label": t("sign-in.show-password") }}
      />
    </EntryForm>
  );
}
