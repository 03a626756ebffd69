import { Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { ActionButton } from "./action-button.tsx";

type TextDialogProps = {
  readonly opened: boolean;
  readonly title: string;
  readonly hint: string;
  readonly maxLength: number;
  readonly onClose: () => void;
  readonly onSubmit: (text: string) => void;
};

/** One line of text, by keyboard, scanner or touch: the field has the focus, Enter sends, Escape leaves. */
export function TextDialog({ opened, title, hint, maxLength, onClose, onSubmit }: TextDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <TextForm hint={hint} label={title} maxLength={maxLength} onClose={onClose} onSubmit={onSubmit} />
    </Modal>
  );
}

/** Inside the dialog, so that it starts empty every time. */
function TextForm({
  hint,
  label,
  maxLength,
  onClose,
  onSubmit,
}: Omit<TextDialogProps, "opened" | "title"> & { label: string }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const ready = text.trim() !== "";
  return (
    <form
      className="text-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onSubmit(text.trim());
      }}
    >
      <TextInput
        data-autofocus
        aria-label={label}
        description={hint}
        value={text}
        maxLength={maxLength}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className="actions">
        <ActionButton icon="rejected" label={t("action.cancel")} hint="Esc" onClick={onClose} />
        <ActionButton
          icon="accepted"
          label={t("action.ok")}
          hint="Enter"
          kind="go"
          type="submit"
          onClick={ready ? () => undefined : null}
        />
      </div>
    </form>
  );
}
