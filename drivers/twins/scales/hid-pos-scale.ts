import type { Load, ScaleDialect } from "../scale.ts";

const statusOf: Readonly<Record<Load["state"], number>> = { stable: 4, motion: 3, over: 6, under: 5 };

/** A USB scale that reports ten times a second, in grams; every report is one write, as USB would carry it. */
export const hidPosScaleDialect: ScaleDialect = ({ load, say, every }) => {
  const encode = ({ weightGrams, state }: Load): Uint8Array => {
    const report = Buffer.from([0x03, statusOf[state], 0x02, 0, 0, 0]);
    if (state === "over" || state === "under") return report;
    if (weightGrams < 0 && state === "stable") report[1] = statusOf.under;
    if (weightGrams === 0 && state === "stable") report[1] = 2;
    report.writeUInt16LE(Math.abs(weightGrams), 4);
    return report;
  };
  every(100, () => say(encode(load())));
  return { onData: () => undefined };
};
