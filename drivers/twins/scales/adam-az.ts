import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type ScaleDialect } from "../scale.ts";

/** Tells a weight at rest once; zero, motion, out of range and what it has told already are silence. */
export const adamAzDialect: ScaleDialect = ({ options, load, say }) => {
  let told: number | null = null;

  const answer = (command: string) => {
    if (command !== "P") return;
    const { weightGrams, state } = load();
    if (state !== "stable" || weightGrams <= 0 || weightGrams === told) return;
    told = weightGrams;
    say(encodeText(`  ${formatMagnitude(weightGrams, options.unit)}${options.unit}\r\n`));
  };

  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
