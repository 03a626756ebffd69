import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** 16 characters with CR LF: sign, nine for the weight, blank, three for the unit, which is blank in motion. */
export const sartoriusSbiDialect: ScaleDialect = ({ options, load, say }) => {
  const describe = ({ weightGrams, state }: Load): string => {
    if (state === "over") return "     High     ";
    if (state === "under") return "     Low      ";
    const unit = state === "stable" ? options.unit : "";
    const digits = formatMagnitude(weightGrams, options.unit).padStart(9);
    return `${weightGrams < 0 ? "-" : "+"}${digits} ${unit.padEnd(3)}`;
  };

  const answer = (command: string) => {
    if (command === "\u001bP") say(encodeText(`${describe(load())}\r\n`));
    else if (command === "\u001bx1_") say(encodeText("PRACTUM-TWIN  \r\n"));
  };

  const framer = createLineFramer({ terminator: "cr", limitBytes: 64 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
