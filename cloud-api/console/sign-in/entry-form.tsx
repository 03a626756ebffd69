import { Button, Stack, Text, Title } from "@mantine/core";
import type { Failure, Result } from "@waystation/shared/failures/result";
import { type FormEvent, type ReactNode, useState } from "react";
import { FailureNote } from "../look/failure-note.tsx";

type Props = {
  readonly title: string;
  readonly hint?: string;
  readonly button: string;
  readonly isReady: boolean;
  /** What is said of a refusal, where the catalogue's sentence is less clear. */
  readonly explain?: (failure: Failure) => string | undefined;
  readonly onSubmit: () => Promise<Result<unknown>>;
  readonly children: ReactNode;
};

/** One step of the way in: fields, one button, and why it did not work. */
export function EntryForm({ title, hint, button, isReady, explain, onSubmit, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const result = await onSubmit();
    setBusy(false);
    setFailure(result.ok ? null : result.failure);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Title order={2} size="h4">
          {title}
        </Title>
        {hint !== undefined && <Text size="sm">{hint}</Text>}
        {children}
        <FailureNote failure={failure} instead={failure === null ? undefined : explain?.(failure)} />
        <Button type="submit" loading={busy} disabled={!isReady} fullWidth>
          {button}
        </Button>
      </Stack>
    </form>
  );
}
