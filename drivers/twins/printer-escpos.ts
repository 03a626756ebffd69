import type { PrinterDialect, PrinterStage } from "./printer.ts";
import { createCommandStream, type Recognise, recogniseQuestion } from "./printer-commands.ts";

const word = (held: string, at: number) => held.charCodeAt(at) + held.charCodeAt(at + 1) * 256;

const realTime = ["\u0010\u0004\u0001", "\u0010\u0004\u0002", "\u0010\u0004\u0003", "\u0010\u0004\u0004"];
const inOrder = "\u001dr\u0001";
const processId = "\u001d(H\u0006\u0000\u0030\u0030";

const recognise: Recognise = (held) => {
  const question = recogniseQuestion(held, [...realTime, inOrder]);
  if (question !== null) return question;
  if (held.startsWith(processId)) {
    return held.length < 11 ? "more" : { question: held.slice(0, 11), length: 11 };
  }
  if (processId.startsWith(held)) return "more";
  if (held.startsWith("\u001dV")) return { command: "cut", length: 2 };
  if (held.startsWith("\u001dv0")) {
    if (held.length < 8) return "more";
    return { command: "raster", length: 8, dataBytes: word(held, 4) * word(held, 6) };
  }
  return "\u001dV".startsWith(held) || "\u001dv0".startsWith(held) ? "more" : null;
};

/** ESC/POS: real-time status at once, in-order answers once the paper before them is cut. */
export const escposDialect: PrinterDialect = (stage) => {
  let say: (reply: Uint8Array | string) => void = () => undefined;
  let answers: number[] = [];
  const stream = createCommandStream({
    recognise,
    onQuestion: (question) => {
      const answer = say;
      if (question === inOrder)
        stage.enqueue(0, () => answer(Uint8Array.of(stage.has("paper-out") ? 12 : 0)));
      else if (question.startsWith(processId)) stage.enqueue(0, () => answer(`7"${question.slice(7)}\0`));
      else answers.push(describe(stage, question.charCodeAt(2)));
    },
    onCommand: (command) => {
      if (command === "cut") stage.enqueue(1);
    },
    onJob: stage.keepJob,
  });
  return {
    onData: (bytes, answer) => {
      say = answer;
      stream.push(bytes);
      if (answers.length > 0) answer(Uint8Array.from(answers));
      answers = [];
    },
    onClose: stream.endJob,
  };
};

/** 16 and 2 are always there. */
function describe(stage: PrinterStage, reply: number): number {
  const [paper, cover] = [stage.has("paper-out"), stage.has("head-open")];
  if (reply === 1) return 18 + (stage.isBlocked() ? 8 : 0);
  if (reply === 2) return 18 + (cover ? 4 : 0) + (paper ? 32 : 0);
  if (reply === 4) return 18 + (paper ? 96 : 0);
  return 18;
}
