import { resolve } from "node:path";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Command } from "commander";
import { printJson, printText } from "../../output.ts";
import { dataOption, jsonOption, usageFailure, readBytes } from "./shared.ts";

const decodeHelp = `
Prints what the bytes mean, one reading a line; nothing is connected. Bytes that are no frame are told as "refused".
With --json one JSON object a line:
  {"kind":"weight","weightGrams","state":"stable|motion|over|under|fault","net"}, no weightGrams on the last three
  {"kind":"size","lengthMillimetres","widthMillimetres","heightMillimetres","weightGrams","barcode"}
  {"kind":"scan","data","symbology"}
  {"kind":"printer-status","paperOut","ribbonOut","headOpen","paused","jobsWaiting"}
  {"kind":"sorter","event","parcelIndex","chute","barcode"}
  {"kind":"refused","reason"}
What was not measured or said is absent.

Examples:
  waystation device decode --family mt-sics --hex "53205320202020203130302e303020670d0a" --json
  waystation device decode --model kern-kcp --file bytes.bin`;

type DecodeOptions = {
  readonly family?: string;
  readonly model?: string;
  readonly hex?: readonly string[];
  readonly file?: string;
  readonly options?: string;
  readonly data: string;
  readonly json: boolean;
};

export function addDecode(device: Command): void {
  device
    .command("decode")
    .description("say what a device's bytes mean")
    .option("--family <family>", "the protocol family")
    .option("--model <model>", "a model, with its settings, in place of a family")
    .option("--hex <bytes...>", "bytes in hexadecimal; blanks, commas and colons are ignored")
    .option("--file <file>", "a file of raw bytes; - reads standard input")
    .option("--options <json>", "the family's options")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", decodeHelp)
    .action(runDecode);
}

async function runDecode(given: DecodeOptions): Promise<void> {
  const { decodeChunks, describeReading } = await import("../../device/decode.ts");
  const input = await readDecodeInput(given);
  if (!input.ok) return usageFailure(input, given.json);
  const readings = decodeChunks(input.value);
  if (!readings.ok) return usageFailure(readings, given.json);
  for (const reading of readings.value) {
    if (given.json) printJson(reading);
    else printText(describeReading(reading));
  }
}

async function readDecodeInput(given: DecodeOptions) {
  const { findFamilyDefinition, findModel, parseOptions } = await import("../../device/find-definition.ts");
  if ((given.family === undefined) === (given.model === undefined))
    return fail("request.invalid", { reason: "say either --family or --model" });
  const definition =
    given.model === undefined
      ? findFamilyDefinition(given.family ?? "")
      : findModel(given.model, resolve(given.data));
  if (!definition.ok) return definition;
  const options = parseOptions(given.options);
  if (!options.ok) return options;
  const chunks = await readChunks(given);
  if (!chunks.ok) return chunks;
  return succeed({ definition: definition.value, options: options.value, chunks: chunks.value });
}

async function readChunks({ hex, file }: DecodeOptions): Promise<Result<readonly Uint8Array[]>> {
  const { parseHex } = await import("../../device/decode.ts");
  if ((hex === undefined) === (file === undefined))
    return fail("request.invalid", { reason: "say either --hex or --file" });
  if (file !== undefined) {
    const bytes = readBytes(file);
    return bytes.ok ? succeed([bytes.value]) : bytes;
  }
  const parsed = parseHex((hex ?? []).join(""));
  return parsed.ok ? succeed([parsed.value]) : parsed;
}
