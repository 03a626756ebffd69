import { TextInput } from "@mantine/core";

type Props = {
  readonly label: string;
  readonly description?: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
};

/** Six digits, however they were pasted. */
export function CodeInput({ label, description, value, onChange }: Props) {
  return (
    <TextInput
      label={label}
      description={description}
      className="six-digits"
      inputMode="numeric"
      autoComplete="one-time-code"
      value={value}
      autoFocus
      onChange={(event) => onChange(event.currentTarget.value.replaceAll(/\D/g, "").slice(0, 6))}
    />
  );
}
