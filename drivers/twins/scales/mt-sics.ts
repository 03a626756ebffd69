import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** MT-SICS level 0 and 1: S waits for rest, SI does not, SIR streams, I4 names the scale. */
export const mtSicsDialect: ScaleDialect = ({ options, load, say, after, every }) => {
  /** Only the newest S is answered. */
  let newest = 0;

  const tell = (text: string) => say(encodeText(`${text}\r\n`));
  const show = (grams: number) =>
    `${(grams < 0 ? "-" : "") + formatMagnitude(grams, options.unit)}`.padStart(10);
  const format = ({ weightGrams, state }: Load): string => {
    if (state === "over") return "S +";
    if (state === "under") return "S -";
    return `S ${state === "stable" ? "S" : "D"} ${show(weightGrams)} ${options.unit}`;
  };

  const answerAtRest = (number: number, deadlineMs: number) => {
    const now = load();
    if (number !== newest) return;
    if (now.state !== "motion") return tell(format(now));
    if (performance.now() > deadlineMs) return tell("S I");
    after(5, () => answerAtRest(number, deadlineMs));
  };

  const answer = (command: string) => {
    if (["S", "SI", "SIR", "@"].includes(command)) every(null, () => undefined);
    if (command === "S") {
      newest += 1;
      return answerAtRest(newest, performance.now() + options.patienceMs);
    }
    if (command === "SI") return tell(format(load()));
    if (command === "Z") return tell("Z A");
    if (command === "T") return tell(`T S ${show(load().weightGrams)} ${options.unit}`);
    if (command === "I4" || command === "@") return tell(`I4 A "${options.serialNumber}"`);
    if (command !== "SIR") return tell("ES");
    tell(format(load()));
    every(100, () => tell(format(load())));
  };

  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const sink = { onFrame: (frame: Uint8Array) => answer(decodeLatin1(frame)), onRefused: () => undefined };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
