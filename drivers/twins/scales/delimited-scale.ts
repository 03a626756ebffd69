import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** Tells by itself in fields between commas; asked SI it answers in the columns of a RADWAG scale instead. */
export const delimitedScaleDialect: ScaleDialect = ({ options, load, say, after, every }) => {
  let wasAsked = false;
  const tell = (text: string) => say(encodeText(`${text}\r\n`));
  const digitsOf = (grams: number) => formatMagnitude(grams, options.unit);
  const signOf = (grams: number) => (grams < 0 ? "-" : "");

  const inFields = ({ weightGrams, state }: Load): string => {
    const word = { stable: "ST", motion: "US", over: "OL", under: "UL" }[state];
    return `${word},GS,${(signOf(weightGrams) + digitsOf(weightGrams)).padStart(8)},${options.unit}`;
  };
  const inColumns = ({ weightGrams, state }: Load): string => {
    const mark = { stable: " ", motion: "?", over: "^", under: "v" }[state];
    const digits = digitsOf(weightGrams).padStart(9);
    return `SI ${mark} ${signOf(weightGrams).padEnd(1)}${digits} ${options.unit.padEnd(3)}`;
  };

  after(400, () => {
    if (!wasAsked) every(100, () => tell(inFields(load())));
  });
  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const sink = {
    onFrame: (frame: Uint8Array) => {
      wasAsked = true;
      every(null, () => undefined);
      tell(decodeLatin1(frame) === "SI" ? inColumns(load()) : "ES");
    },
    onRefused: () => undefined,
  };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
