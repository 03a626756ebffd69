import { identifyBarcode } from "@waystation/shared/model/barcode/identify";
import type { Command } from "commander";
import { layOutTable, printJson, printText } from "../output.ts";

const help = `
Prints every number the text can be, the surest first; a text that fits no form has no matches.
With --json: {"data","matches":[{"carrier","trackingNumber","checkDigitValid"}]}; "data" is the text as it was
understood, "checkDigitValid" is null where the form has no check digit.

Examples:
  waystation barcode identify 1Z999AA10123456784
  waystation barcode identify --json "RB 123 456 785 GB"`;

const checkWords = { true: "check digit right", false: "check digit WRONG", null: "no check digit" } as const;

export function addBarcodeCommand(program: Command): void {
  program
    .command("barcode")
    .description("look at barcodes")
    .command("identify")
    .description("say what a scanned or typed text can be")
    .argument("<data>", "the text, as scanned or typed")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((scanned: string, { json }: { json: boolean }) => {
      const { data, matches } = identifyBarcode(scanned);
      if (json) {
        const listed = matches.map(({ carrier, trackingNumber, checkDigitValid }) => ({
          carrier,
          trackingNumber,
          checkDigitValid,
        }));
        return printJson({ data, matches: listed });
      }
      if (matches.length === 0) return printText(`${data}: no known form`);
      printText(
        ...layOutTable(
          matches.map(({ carrier, trackingNumber, checkDigitValid, name }) => [
            carrier,
            trackingNumber,
            checkWords[`${checkDigitValid}`],
            name,
          ]),
        ),
      );
    });
}
