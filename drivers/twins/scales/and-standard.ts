import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** A balance for who asks Q, an indicator for who asks READ; nobody asking, an indicator that tells by itself. */
export const andStandardDialect: ScaleDialect = ({ options, load, say, after, every }) => {
  let wasAsked = false;
  const tell = (text: string) => say(encodeText(`${text}\r\n`));
  const signOf = (grams: number) => (grams < 0 ? "-" : "+");

  /** EK-L manual: sign and eight characters, filled up with zeros; a unit of three. */
  const describeBalance = ({ weightGrams, state }: Load): string => {
    const sign = signOf(weightGrams);
    const unit = options.unit.padStart(3);
    if (state === "over" || state === "under") return `OL,${sign}999999.9${unit}`;
    const digits = formatMagnitude(weightGrams, options.unit).padStart(8, "0");
    return `${state === "stable" ? "ST" : "US"},${sign}${digits}${unit}`;
  };

  /** DGT4X manual: gross, eight characters, the unit behind a comma; below range has a word of its own. */
  const describeIndicator = ({ weightGrams, state }: Load): string => {
    const head = { stable: "ST", motion: "US", over: "OL", under: "UL" }[state];
    const digits = `${weightGrams < 0 ? "-" : ""}${formatMagnitude(weightGrams, options.unit)}`.padStart(8);
    return `${head},GS,${digits},${options.unit}`;
  };

  const answer = (command: string) => {
    wasAsked = true;
    every(null, () => undefined);
    if (command === "Q" || command === "SI") tell(describeBalance(load()));
    else if (command === "READ") tell(describeIndicator(load()));
    else tell("EC,E01");
  };

  after(400, () => {
    if (!wasAsked) every(100, () => tell(describeIndicator(load())));
  });
  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
