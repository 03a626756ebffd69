import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** Single letters, no terminator. In kilograms two digits and three decimals, in grams six digits; whatever is no weight is a status. */
export const toledo8217Dialect: ScaleDialect = ({ options, load, say }) => {
  const tell = (text: string) => say(Buffer.from(`\u0002${text}\r`, "latin1"));
  /** Bits 5 and 6 are always 1. */
  const status = (...bits: readonly number[]) =>
    `?${String.fromCharCode(bits.reduce((byte, bit) => byte | (1 << bit), 0x60))}`;

  const describe = ({ weightGrams, state }: Load): string => {
    if (state === "motion") return status(0);
    if (state === "over") return status(1);
    if (state === "under" || weightGrams < 0) return status(2, 3);
    return formatMagnitude(weightGrams, options.unit).padStart(6, "0");
  };

  const answer = (letter: string) => {
    if (letter === "W") tell(describe(load()));
    if (letter === "Z") tell(status(4));
  };
  return {
    onData: (bytes) => {
      for (const byte of bytes) answer(String.fromCharCode(byte));
    },
  };
};
