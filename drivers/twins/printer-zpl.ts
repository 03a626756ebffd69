import { countLabels } from "../printers/count-labels.ts";
import type { PrinterDialect, PrinterStage } from "./printer.ts";
import { createPrinterStream } from "./printer-stream.ts";

/** ZPL on port 9100: ~HS, ~HQES, ~JA and two variables. */
export const zplDialect: PrinterDialect = (stage) => {
  const stream = createPrinterStream({
    onFormat: (format) => {
      const labels = countLabels(format);
      if (labels > 0) stage.enqueue(labels, undefined, format);
    },
    onJob: stage.keepJob,
    onCancel: stage.cancelAll,
  });

  const answer = (query: string, say: (text: string) => void) => {
    const language = stage.options.language ?? "zpl";
    if (query.startsWith("~")) {
      // in another mode it is text on the label, and no answer
      const mute = language !== "zpl" || (query === "~HS" && stage.options.silentStatus && stage.isBlocked());
      if (!mute)
        say(query === "~HS" ? describeStatus(stage, stream.hasPartialFormat()) : describeErrors(stage));
    } else if (query === "device.languages") say(`"${language}"`);
    else say(query === "odometer.total_label_count" ? `"${stage.odometer()}"` : '"?"');
  };

  return {
    onData: (bytes, say) => {
      for (const query of stream.push(bytes)) answer(query, say);
    },
    onClose: stream.endJob,
  };
};

function describeStatus(stage: PrinterStage, isPartial: boolean): string {
  const flag = (on: boolean) => (on ? 1 : 0);
  const waiting = String(stage.formatsWaiting()).padStart(3, "0");
  const left = String(stage.labelsLeft()).padStart(8, "0");
  const [paper, paused] = [flag(stage.has("paper-out")), flag(stage.isBlocked())];
  return [
    `030,${paper},${paused},1245,${waiting},0,0,${flag(isPartial)},000,0,0,0`,
    `000,0,${flag(stage.has("head-open"))},${flag(stage.has("ribbon-out"))},1,2,4,0,${left},1,000`,
    "1234,0",
  ]
    .map((text) => `\u0002${text}\u0003\r\n`)
    .join("");
}

/** Weights of the hexadecimal digits of the error flags, lowest first. */
function describeErrors(stage: PrinterStage): string {
  const low =
    (stage.has("paper-out") ? 1 : 0) + (stage.has("ribbon-out") ? 2 : 0) + (stage.has("head-open") ? 4 : 0);
  const errors = `000${stage.isBlocked() ? 1 : 0}000${low.toString(16).toUpperCase()}`;
  const lines = [
    "",
    "",
    "PRINTER STATUS            ",
    `   ERRORS:          ${stage.isBlocked() ? 1 : 0} 00000000 ${errors}  `,
    "   WARNINGS:        0 00000000 00000000   ",
    "",
  ];
  return `\u0002${lines.join("\r\n")}\u0003`;
}
