import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type ScaleDialect } from "../scale.ts";

/** Tells at once what the display shows, at rest or not, and does not say which. */
export const adamCpwDialect: ScaleDialect = ({ options, load, say }) => {
  let lastShown: number | null = null;

  const show = (head: string, grams: number) =>
    `${head}/W  ${grams < 0 ? "-" : "+"} ${formatMagnitude(grams, options.unit)} ${options.unit}`;

  const describe = (head: string): string => {
    const { weightGrams, state } = load();
    if (state === "over") return "OL";
    if (state === "under") return "LO";
    // a display in motion never shows one figure twice
    const isRepeated = state === "motion" && weightGrams === lastShown;
    lastShown = isRepeated ? weightGrams + 1 : weightGrams;
    return show(head, lastShown);
  };

  const answer = (command: string) => {
    if (command === "G" || command === "N") say(encodeText(`${describe(command)}\r\n`));
    else if (command === "T") say(encodeText(`${show("T", 0)}\r\n`));
  };

  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
