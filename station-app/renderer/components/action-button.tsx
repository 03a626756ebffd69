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
  /** `stop` and `go` stand out; the others do not compete with the verdict. */
  readonly kind?: "stop" | "go" | "plain";
  readonly type?: "submit";
};

export function ActionButton({
  icon,
  label,
  hint,
  onClick,
  busy = false,
  kind = "plain",
  type,
}: ActionButtonProps) {
  return (
    <Button
      className="action"
      data-kind={kind}
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
