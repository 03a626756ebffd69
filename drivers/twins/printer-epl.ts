import type { PrinterDialect, PrinterStage } from "./printer.ts";
import { createCommandStream, type Recognise, recogniseLine, recogniseQuestion } from "./printer-commands.ts";

const recognise: Recognise = (held, atLineStart) => {
  if (!atLineStart) return null;
  const question = recogniseQuestion(held, ["^ee\r\n", "US\r\n"]);
  if (question !== null) return question;
  const graphic = /^GW\d+,\d+,(\d+),(\d+),/.exec(held);
  if (graphic) {
    return { command: "GW", length: graphic[0].length, dataBytes: Number(graphic[1]) * Number(graphic[2]) };
  }
  return recogniseLine(held);
};

/** EPL2: ^ee tells errors; after US every print command is acknowledged once its labels are out. */
export const eplDialect: PrinterDialect = (stage) => {
  let say: (reply: Uint8Array | string) => void = () => undefined;
  let acknowledges = false;
  const stream = createCommandStream({
    recognise,
    onQuestion: (question) => {
      if (question === "US\r\n") {
        acknowledges = true;
        say("\u0006");
      } else say(describeErrors(stage));
    },
    onCommand: (command) => {
      const print = /^P(\d+)(,\d+)?$/.exec(command);
      if (!print) return;
      const labels = Number(print[1]) * Number(print[2]?.slice(1) ?? 1);
      const answer = say;
      if (stage.has("ignore-formats")) return;
      stage.enqueue(labels, () => {
        if (acknowledges) answer("\u0006");
      });
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

/** Ribbon and paper share a number. */
function describeErrors(stage: PrinterStage): string {
  const codes: string[] = [];
  const left = String(stage.labelsLeft()).padStart(3, "0");
  if (stage.has("paper-out") || stage.has("ribbon-out")) codes.push(`07P${left}`);
  if (stage.has("head-open")) codes.push("11");
  if (stage.has("paused")) codes.push("12");
  return `${codes.length === 0 ? "00" : codes.join(",")}\r\n`;
}
