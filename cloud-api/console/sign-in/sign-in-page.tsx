import { Alert, Anchor, Group, Paper, Stack, Title } from "@mantine/core";
import { useState } from "react";
import type { SecondFactorSetUp } from "../../modules/overview/console-contract.ts";
import { type Access, readSession } from "../connection/access.ts";
import type { CloudClient } from "../connection/cloud-client.ts";
import type { CloudClock } from "../connection/cloud-clock.ts";
import { ColorButton, LanguageButton } from "../look/switches.tsx";
import { useTexts } from "../text/i18n.ts";
import { BackupCodes } from "./backup-codes.tsx";
import { InvitationForm } from "./invitation-form.tsx";
import { PasswordForm } from "./password-form.tsx";
import { SecondFactorForm } from "./second-factor-form.tsx";
import { SecondFactorSetUpForm } from "./second-factor-set-up-form.tsx";
import type { AfterPassword } from "./send-password.ts";
import { TokenForm } from "./token-form.tsx";

/** Where somebody is on the way in. */
type Step =
  | { readonly at: "password" | "second-factor" | "token" }
  | { readonly at: "invitation"; readonly code: string }
  | { readonly at: "set-up"; readonly setUp: SecondFactorSetUp }
  | { readonly at: "backup-codes"; readonly codes: readonly string[] };

type Props = {
  readonly client: CloudClient;
  readonly clock: CloudClock;
  readonly invitation: string | null;
  readonly isEnded: boolean;
  readonly onAccess: (access: Access) => void;
};

export function SignInPage({ client, clock, invitation, isEnded, onAccess }: Props) {
  const { t } = useTexts();
  const [step, setStep] = useState<Step>(
    invitation === null ? { at: "password" } : { at: "invitation", code: invitation },
  );
  const restart = (): void => setStep({ at: "password" });
  const enter = async (): Promise<void> => {
    const access = await readSession(clock);
    if (access === null) restart();
    else onAccess(access);
  };
  const goOn = (after: AfterPassword): void =>
    setStep(after.next === "set-up" ? { at: "set-up", setUp: after.setUp } : { at: "second-factor" });
  return (
    <main className="sign-in">
      <Group justify="space-between">
        <Title order={1} size="h3">
          {t("title")}
        </Title>
        <Group gap="xs">
          <ColorButton />
          <LanguageButton />
        </Group>
      </Group>
      {isEnded && step.at === "password" && <Alert color="orange">{t("signed-out")}</Alert>}
      <Paper withBorder p="lg">
        {step.at === "password" && <PasswordForm client={client} onNext={goOn} />}
        {step.at === "invitation" && <InvitationForm client={client} code={step.code} onNext={goOn} />}
        {step.at === "second-factor" && <SecondFactorForm client={client} onPassed={() => void enter()} />}
        {step.at === "set-up" && (
          <SecondFactorSetUpForm
            client={client}
            setUp={step.setUp}
            onPassed={(codes) => setStep({ at: "backup-codes", codes })}
          />
        )}
        {step.at === "backup-codes" && <BackupCodes codes={step.codes} onKept={() => void enter()} />}
        {step.at === "token" && <TokenForm clock={clock} onAccess={onAccess} />}
      </Paper>
      <OtherWays at={step.at} onStep={setStep} />
    </main>
  );
}

function OtherWays({ at, onStep }: { at: Step["at"]; onStep: (step: Step) => void }) {
  const { t } = useTexts();
  if (at === "backup-codes") return null;
  const toStart = (
    <Anchor component="button" type="button" onClick={() => onStep({ at: "password" })}>
      {t("sign-in.back")}
    </Anchor>
  );
  if (at !== "password") return <Group>{toStart}</Group>;
  return (
    <Stack gap="xs" align="flex-start">
      <Anchor component="button" type="button" onClick={() => onStep({ at: "invitation", code: "" })}>
        {t("invitation.have")}
      </Anchor>
      <Anchor component="button" type="button" onClick={() => onStep({ at: "token" })}>
        {t("token.have")}
      </Anchor>
    </Stack>
  );
}
