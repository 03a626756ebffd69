import type { PrinterDialect, PrinterStage } from "./printer.ts";
import { createCommandStream, type Recognise, recogniseLine, recogniseQuestion } from "./printer-commands.ts";

const counterQuestion = '! U1 getvar "odometer.total_label_count"\r\n';

const recognise: Recognise = (held, atLineStart) => {
  const question = recogniseQuestion(held, ["\u001bh"]);
  if (question !== null) return question;
  if (!atLineStart) return null;
  if (held.startsWith(counterQuestion)) return { question: counterQuestion, length: counterQuestion.length };
  const graphic = /^CG (\d+) (\d+) \d+ \d+ /.exec(held);
  if (graphic) {
    return { command: "CG", length: graphic[0].length, dataBytes: Number(graphic[1]) * Number(graphic[2]) };
  }
  return recogniseLine(held);
};

/** CPCL: a mobile printer without ribbon; its status waits until the label before it is finished. */
export const cpclDialect: PrinterDialect = (stage) => {
  let say: (reply: Uint8Array | string) => void = () => undefined;
  let quantity = 0;
  const stream = createCommandStream({
    recognise,
    onQuestion: (question) => {
      const answer = say;
      if (question === counterQuestion) return answer(`"${stage.odometer()}"`);
      // in trouble it answers at once, else nobody would learn of it
      if (stage.isBlocked()) answer(Uint8Array.of(describe(stage)));
      else stage.enqueue(0, () => answer(Uint8Array.of(describe(stage))));
    },
    onCommand: (command) => {
      if (command.startsWith("! ")) quantity = Number(command.split(" ")[5] ?? 0);
      if (command === "PRINT" && quantity > 0) stage.enqueue(quantity);
      if (command === "PRINT") quantity = 0;
    },
    onJob: stage.keepJob,
  });
  return {
    onData: (bytes, answer) => {
      say = answer;
      stream.push(bytes);
    },
    onClose: stream.endJob,
  };
};

const describe = (stage: PrinterStage): number =>
  (stage.labelsLeft() > 0 ? 1 : 0) + (stage.has("paper-out") ? 2 : 0) + (stage.has("head-open") ? 4 : 0);
