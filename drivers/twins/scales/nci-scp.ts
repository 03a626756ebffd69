import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1 } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** SCP-01 with three status bytes: W tells display and status, S the status, everything else is answered by ?. */
export const nciScpDialect: ScaleDialect = ({ options, load, say }) => {
  const tell = (text: string) => say(Buffer.from(`\n${text}\r\u0003`, "latin1"));

  const status = ({ weightGrams, state }: Load): string => {
    const one = 0x30 + (state === "motion" ? 1 : 0) + (weightGrams === 0 ? 2 : 0);
    const two = 0x70 + (state === "under" ? 1 : 0) + (state === "over" ? 2 : 0);
    return String.fromCharCode(one, two, 0x30);
  };
  const display = ({ weightGrams, state }: Load): string => {
    if (state === "over") return "^^^^^^";
    if (state === "under") return "______";
    const sign = weightGrams < 0 ? "-" : " ";
    return sign + formatMagnitude(weightGrams, options.unit).padStart(6, "0");
  };

  const answer = (command: string) => {
    const now = load();
    if (command === "W") tell(`${display(now)}${options.unit.padEnd(2)}\r\n${status(now)}`);
    else tell(command === "S" || command === "Z" ? status(now) : "?");
  };

  const framer = createLineFramer({ terminator: "cr", limitBytes: 16 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
