import { decodeLatin1, encodeText } from "../../kit/text.ts";
import type { DwsDialect, Measured } from "../dws.ts";

const location = "004600";

/** Metric: centimetres with one decimal, kilograms with two. */
const centimetres = (millimetres: number) => (millimetres / 10).toFixed(1).padStart(5, "0");
const kilograms = (grams: number) => (grams / 1000).toFixed(2).padStart(6, "0");
const size = (millimetres: number) => (millimetres === 0 ? "_00.0" : centimetres(millimetres));
const mass = (grams: number) => (grams === 0 ? "_00.00" : kilograms(grams));

const describe = (origin: "C" | "H", measured: Measured): string => {
  const { lengthMillimetres, widthMillimetres, heightMillimetres, weightGrams } = measured;
  const sizes = `L${size(lengthMillimetres)},W${size(widthMillimetres)},H${size(heightMillimetres)},M`;
  return `MA${origin}${location},${sizes},K${mass(weightGrams)},D000.00,M,F5000,I`;
};

/** A static CubiScan: C for a measurement begun at its keys, H for one the host asked for. */
export const cubiscanDialect: DwsDialect = ({ say, last }) => {
  let received = "";
  const frame = (text: string) => encodeText(`\u0002${text}\u0003\r\n`);

  const answer = (command: string): string => {
    const measured = last();
    if (command === "M") return measured === null ? "MNHM" : describe("H", measured);
    if (command === "U") return `UAMMI5000${location}`;
    if (["D", "S", "T"].includes(command)) return `${command}A00`;
    return /^[CFLZ"#]/.test(command) ? `${command.charAt(0)}A` : "?N";
  };

  return {
    format: (measured) => describe("C", measured),
    frame,
    onData: (bytes) => {
      received += decodeLatin1(bytes);
      for (let end = received.indexOf("\u0003"); end >= 0; end = received.indexOf("\u0003")) {
        const command = received.slice(received.lastIndexOf("\u0002", end) + 1, end);
        received = received.slice(end + 1);
        say(frame(answer(command)));
      }
    },
  };
};
