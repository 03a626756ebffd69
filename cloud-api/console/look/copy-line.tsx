import { Button, Code, Group } from "@mantine/core";
import { useRef, useState } from "react";
import { useTexts } from "../text/i18n.ts";

/** A line to take elsewhere. Where the browser keeps the clipboard to itself (no https), the text is selected instead. */
export function CopyLine({ text, big = false, label }: { text: string; big?: boolean; label: string }) {
  const { t } = useTexts();
  const line = useRef<HTMLElement>(null);
  const [done, setDone] = useState<"copied" | "selected" | null>(null);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone("copied");
    } catch {
      if (line.current !== null) getSelection()?.selectAllChildren(line.current);
      setDone("selected");
    }
  };
  return (
    <Group gap="xs" wrap="nowrap" align="stretch">
      <Code ref={line} block className={big ? "copied big-code" : "copied"} aria-label={label}>
        {text}
      </Code>
      <Button
        variant="default"
        className="copy"
        onClick={() => void copy()}
        aria-label={`${t("copy")}: ${label}`}
      >
        <span aria-live="polite">{done === null ? t("copy") : t(done)}</span>
      </Button>
    </Group>
  );
}
