import { encodeText } from "../../kit/text.ts";
import type { DwsDialect } from "../dws.ts";

const pad = (value: number, digits: number) => String(value).padStart(digits, "0");

/** Zeros and a status other than 0000 where the sizes could not be measured. */
export const sickMdaDialect: DwsDialect = () => ({
  format: ({ index, code, weightGrams, lengthMillimetres, widthMillimetres, heightMillimetres }) => {
    const sizes = [lengthMillimetres, widthMillimetres, heightMillimetres];
    const isSized = sizes.every((size) => size > 0);
    const volume = isSized ? lengthMillimetres * widthMillimetres * heightMillimetres : 0;
    return [
      pad(index, 4),
      code ?? "NoRead",
      pad(weightGrams, 9),
      "g",
      weightGrams > 0 ? "0" : "1",
      ...sizes.map((size) => pad(isSized ? size : 0, 4)),
      "mm",
      isSized ? "0000" : "0001",
      pad(volume, 7).slice(-7),
    ].join(";");
  },
  frame: (text) => encodeText(`\u0002${text}\u0003`),
});
