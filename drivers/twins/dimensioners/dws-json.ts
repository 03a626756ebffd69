import { encodeText } from "../../kit/text.ts";
import type { DwsDialect } from "../dws.ts";

/** One object per parcel, keys as in the vendors' examples. */
export const dwsJsonDialect: DwsDialect = () => ({
  format: ({ index, code, weightGrams, lengthMillimetres, widthMillimetres, heightMillimetres, atMs }) =>
    JSON.stringify({
      parcelId: index,
      barcode: code ?? "noread",
      weight: weightGrams,
      length: lengthMillimetres,
      width: widthMillimetres,
      height: heightMillimetres,
      timestamp: atMs,
    }),
  frame: (text) => encodeText(`${text}\n`),
});
