import type { Load, ScaleDialect } from "../scale.ts";

/** XXXX.XX, unit and GR or gr for every carriage return; beyond capacity an EOT behind it. */
export const fairbanksUpsDialect: ScaleDialect = ({ options, load, say }) => {
  const show = (grams: number): string => {
    if (options.unit === "g") return String(Math.abs(grams));
    const hundredths = String(Math.round(Math.abs(grams) / 10)).padStart(3, "0");
    return `${hundredths.slice(0, -2)}.${hundredths.slice(-2)}`;
  };
  const describe = ({ weightGrams, state }: Load): string => {
    const sign = weightGrams < 0 ? "-" : " ";
    const mark = state === "motion" ? "gr" : "GR";
    const end = state === "over" || state === "under" ? "\u0004" : "";
    return `${sign}${show(weightGrams).padStart(6)} ${options.unit} ${mark}  \r\n${end}`;
  };

  return {
    onData: (bytes) => {
      for (const byte of bytes) if (byte === 0x0d) say(Buffer.from(describe(load()), "latin1"));
    },
  };
};
