import { Button } from "@mantine/core";
import { Icon, type IconName } from "./icon.tsx";

type ActionButtonProps = {
  readonly icon: IconName;
  readonly label: string;
  /** Shown only where the key works now. */
  readonly hint?: string | undefined;
  /** null: not possible now. */
  readonly onClick: (() => void) | null;
  readonly busy?: boolean;
  readonly color?: string;
  readonly type?: "submit";
};

export function ActionButton({ icon, label, hint, onClick, busy = false, color, type }: ActionButtonProps) {
  return (
    <Button
      {...(color === undefined ? {} : { color, variant: "filled" })}
      {...(type === undefined ? {} : { type })}
      disabled={onClick === null}
      loading={busy}
      onClick={onClick ?? undefined}
      leftSection={<Icon name={icon} />}
      rightSection={hint === undefined ? undefined : <kbd>{hint}</kbd>}
    >
      {label}
    </Button>
  );
}
