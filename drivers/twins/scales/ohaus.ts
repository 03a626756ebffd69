import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** Columns of the Defender 3000: sign 1, blank, weight 7, blank, unit 5, "?" 1, legend 3. */
export const ohausDialect: ScaleDialect = ({ options, load, say }) => {
  const describe = ({ weightGrams, state }: Load): string => {
    if (state === "over") return "Err 8.3";
    if (state === "under") return "Err 8.4";
    const sign = weightGrams < 0 ? "-" : " ";
    const digits = formatMagnitude(weightGrams, options.unit).padStart(7);
    return `${sign} ${digits} ${options.unit.padEnd(5)}${state === "motion" ? "?" : " "}G  `;
  };

  const answer = (command: string) => {
    if (command === "IP" || command === "P") say(encodeText(`${describe(load())}\r\n`));
    else if (command === "0P") say(encodeText("OK!\r\n"));
    else say(encodeText("ES\r\n"));
  };

  const framer = createLineFramer({ terminator: "cr", limitBytes: 64 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
