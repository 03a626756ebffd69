import type { Load, ScaleDialect } from "../scale.ts";

/** STX, three status bytes, six digits, six digits of tare, CR, checksum; ten times a second, deaf to everything. */
export const toledoContinuousDialect: ScaleDialect = ({ options, load, say, every }) => {
  const encode = ({ weightGrams, state }: Load): Uint8Array => {
    const inKilograms = options.unit === "kg";
    const isOut = state === "over" || state === "under";
    const statusA = inKilograms ? 0b0101101 : 0b0101010;
    const statusB =
      0b0100000 +
      (weightGrams < 0 ? 0b10 : 0) +
      (isOut ? 0b100 : 0) +
      (state === "motion" ? 0b1000 : 0) +
      (inKilograms ? 0b10000 : 0);
    const statusC = inKilograms ? 0b0100000 : 0b0100001;
    const digits = String(Math.abs(weightGrams)).padStart(6).slice(-6);
    const head = Buffer.from([0x02, statusA, statusB, statusC]);
    const frame = Buffer.concat([head, Buffer.from(`${digits}000000\r`, "latin1")]);
    let sum = 0;
    for (const byte of frame) sum += byte;
    return Buffer.concat([frame, Buffer.from([(128 - (sum % 128)) % 128])]);
  };

  every(100, () => say(encode(load())));
  return { onData: () => undefined };
};
