import type { PrinterDialect, PrinterStage } from "./printer.ts";
import { createCommandStream, type Recognise, recogniseLine, recogniseQuestion } from "./printer-commands.ts";

const questions = ["\u001b!?", "\u001b!S", "OUT @LABEL\r\n"];

const recognise: Recognise = (held, atLineStart) => {
  const question = recogniseQuestion(held, questions);
  if (question !== null) return question;
  if (!atLineStart) return null;
  const bitmap = /^BITMAP \d+,\d+,(\d+),(\d+),\d,/.exec(held);
  if (bitmap) {
    return { command: "BITMAP", length: bitmap[0].length, dataBytes: Number(bitmap[1]) * Number(bitmap[2]) };
  }
  return recogniseLine(held);
};

/** TSPL: one byte for ESC !?, a frame for ESC !S, digits for OUT @LABEL. */
export const tsplDialect: PrinterDialect = (stage) => {
  let say: (reply: Uint8Array | string) => void = () => undefined;
  const stream = createCommandStream({
    recognise,
    onQuestion: (question) => {
      if (question === questions[0]) say(Uint8Array.of(describeByte(stage)));
      else if (question === questions[1]) say(describeFrame(stage));
      else say(`${stage.odometer()}\r\n`);
    },
    onCommand: (command) => {
      const [word, quantity = ""] = command.split(" ");
      if (word !== "PRINT") return;
      const [sets = 0, copies = 1] = quantity.split(",").map(Number);
      stage.enqueue(sets * copies);
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

const isBusy = (stage: PrinterStage) => !stage.isBlocked() && stage.labelsLeft() + stage.formatsWaiting() > 0;

function describeByte(stage: PrinterStage): number {
  let status = 0;
  if (stage.has("head-open")) status += 1;
  if (stage.has("paper-out")) status += 4;
  if (stage.has("ribbon-out")) status += 8;
  if (stage.has("paused")) status += 16;
  if (isBusy(stage)) status += 32;
  return status;
}

function describeFrame(stage: PrinterStage): string {
  const trouble = stage.has("paused") ? "`" : "E";
  const state = stage.isBlocked() ? trouble : isBusy(stage) ? "P" : "@";
  const errors =
    64 +
    (stage.has("paper-out") ? 1 : 0) +
    (stage.has("ribbon-out") ? 4 : 0) +
    (stage.has("head-open") ? 32 : 0);
  return `\u0002${state}@@${String.fromCharCode(errors)}\u0003\r\n`;
}
