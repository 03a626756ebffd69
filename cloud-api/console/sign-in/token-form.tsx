import { PasswordInput } from "@mantine/core";
import { useState } from "react";
import { type Access, keepToken } from "../connection/access.ts";
import { createCloudClient } from "../connection/cloud-client.ts";
import type { CloudClock } from "../connection/cloud-clock.ts";
import { useTexts } from "../text/i18n.ts";
import { EntryForm } from "./entry-form.tsx";

/** For the first steps and for emergencies. */
export function TokenForm({ clock, onAccess }: { clock: CloudClock; onAccess: (access: Access) => void }) {
  const { t } = useTexts();
  const [token, setToken] = useState("");
  const open = async () => {
    const reply = await createCloudClient({ token, clock }).read("/v1/console/overview");
    if (reply.ok) {
      keepToken(token);
      onAccess({ kind: "token", token });
    }
    return reply;
  };
  return (
    <EntryForm
      title={t("token.title")}
      hint={t("token.hint")}
      button={t("sign-in.enter")}
      isReady={token !== ""}
      explain={({ code }) => (code === "access.unauthenticated" ? t("token.wrong") : undefined)}
      onSubmit={open}
    >
      <PasswordInput
        label={t("token.label")}
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value.trim())}
        visibilityToggleButtonProps={{ "aria-label": t("sign-in.show-password") }}
        autoFocus
      />
    </EntryForm>
  );
}
