import { describeNextStep, describeReason } from "@waystation/shared/decision/reasons";
import type { Command } from "commander";
import { exitCodes, printJson, printText, reportFailure } from "../output.ts";

const help = `
Judges one parcel exactly as a station would, from three JSON files. Weights are whole grams, sides whole
millimetres. An unknown or wrong field is an error that names it (exit code 2).

--order    the order, and optionally its label ("zpl", "png", "house" or "missing"; default "house"):
  {"orderId":"o-1","waybill":"WS0000000001","channelCode":"PKT","status":"ready","declaredWeightGrams":480,
   "declaredSize":{"lengthMillimetres":200,"widthMillimetres":150,"heightMillimetres":50},
   "consignee":{"name":"A. Name","street1":"Road 1","city":"Berlin","postcode":"10115","country":"DE"},
   "items":[{"description":"shirt","quantity":1,"valueMinor":999,"currency":"EUR"}]}
--reading  what the devices said; what was not measured is left out, no barcode means no-read:
  {"barcode":"WS0000000001","weightGrams":505,"lengthMillimetres":201,"widthMillimetres":149,"heightMillimetres":52}
--config   optional, every part optional:
  {"channel":{"code":"PKT","version":1,"name":"Packet","carrier":"post","countries":["DE"],
    "weightTolerance":{"absoluteGrams":50,"percent":5},"sizeTolerance":{"absoluteMillimetres":20,"percent":10},
    "maximumWeightGrams":2000},
   "sortPlan":{"planId":"main","version":1,"rows":[{"priority":1,"country":"DE","chute":3}],"rejectChute":99},
   "needsWeight":true,"needsSize":false,"needsLabel":true,"fullChutes":[],"handledBefore":false}
  The values of needsWeight ... handledBefore above are the defaults. Without a channel: one of the order's code
  that serves every country up to 30 kg, with tolerances of 50 g or 5 % and 20 mm or 10 %. Without a sort plan:
  everything to chute 1, in doubt to 99.

With --json: {"verdict","reasons":[{"code","details"}],"chute"}; "verdict" is accepted, intercepted, rejected or
no-read. Exit code 0 whatever the verdict.

Examples:
  waystation decide --order order.json --reading reading.json
  waystation decide --order order.json --reading reading.json --config config.json --json`;

export function addDecideCommand(program: Command): void {
  program
    .command("decide")
    .description("judge one parcel from files")
    .requiredOption("--order <file>", "the order, JSON")
    .requiredOption("--reading <file>", "what the devices said, JSON")
    .option("--config <file>", "channel, sort plan and steps, JSON")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action(async (given: { order: string; reading: string; config?: string; json: boolean }) => {
      const { judgeFiles } = await import("../judge-files.ts");
      const judged = judgeFiles(given);
      if (!judged.ok) return reportFailure(judged.failure, { json: given.json, exitCode: exitCodes.usage });
      const { verdict, reasons, chute } = judged.value;
      if (given.json) return printJson({ verdict, reasons, chute });
      const sentences = reasons.map(
        (reason) => `  ${reason.code}: ${describeReason(reason)} ${describeNextStep(reason)}`,
      );
      printText(`${verdict}, chute ${chute}`, ...sentences);
    });
}
