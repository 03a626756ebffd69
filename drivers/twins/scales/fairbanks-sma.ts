import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1 } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** W tells the weight at once, A the version; a question that is not understood is answered by ?. */
export const fairbanksSmaDialect: ScaleDialect = ({ options, load, say }) => {
  const tell = (text: string) => say(Buffer.from(`\n${text}\r`, "latin1"));

  const statusOf = ({ weightGrams, state }: Load): string => {
    if (state === "over") return "O";
    if (state === "under") return "U";
    return weightGrams === 0 ? "Z" : " ";
  };
  const describe = (now: Load): string => {
    const sign = now.weightGrams < 0 ? "-" : "";
    const weight = (sign + formatMagnitude(now.weightGrams, options.unit)).padStart(10);
    const motion = now.state === "motion" ? "M" : " ";
    return `${statusOf(now)}1G${motion} ${weight}${options.unit.padEnd(3)}`;
  };

  const answer = (command: string) => {
    if (command === "\nW") tell(describe(load()));
    else tell(command === "\nA" ? "SMA:2/1.0" : "?");
  };

  const framer = createLineFramer({ terminator: "cr", limitBytes: 16 });
  // the framer takes a LF behind a CR for the end of the line; here it begins the next question
  const sink = {
    onFrame: (frame: Uint8Array) => answer(`\n${decodeLatin1(frame).trimStart()}`),
    onRefused: () => undefined,
  };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
