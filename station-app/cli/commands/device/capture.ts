import { connectionHelp } from "../../device/parse-connection.ts";
import { withDevice } from "@waystation/drivers/kit/with-device";
import { fail } from "@waystation/shared/failures/result";
import type { Command } from "commander";
import { printJson, printText, reportFailure } from "../../output.ts";
import {
  dataOption,
  jsonOption,
  parseSeconds,
  usageFailure,
  untilInterrupted,
  readTarget,
} from "./shared.ts";

const captureHelp = `
Without --model the line is only listened to. With --model its driver asks the questions it always asks, for devices
that say nothing by themselves. The file is a fixture for fixtures/captures/<model>/: look at its readings and at the
device before you keep it. An existing file is never overwritten. Ctrl-C ends the recording and keeps it.

Examples:
  waystation device capture --connection serial:/dev/ttyUSB0@9600 --out scale.json --seconds 20
  waystation device capture --connection tcp:10.0.0.7:4001 --model toledo-8217 --out w.json`;

type CaptureOptions = {
  readonly connection: string;
  readonly out: string;
  readonly model?: string;
  readonly options?: string;
  readonly seconds: number;
  readonly document: string;
  readonly data: string;
  readonly json: boolean;
};

export function addCapture(device: Command): void {
  device
    .command("capture")
    .description("record what a device says as a fixture")
    .requiredOption("--connection <connection>", "where the device is")
    .requiredOption("--out <file>", "where the recording goes")
    .option("--model <model>", "let this model's driver talk to it, and write down its readings")
    .option("--options <json>", "the driver's options")
    .option("--seconds <n>", "how long", parseSeconds, 30)
    .option("--document <text>", "what was recorded, for the file", "recorded from a device")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", connectionHelp)
    .addHelpText("after", captureHelp)
    .action(runCapture);
}

async function runCapture(given: CaptureOptions): Promise<void> {
  const { captureBytes, writeCapture } = await import("../../device/capture.ts");
  const target = await readTarget(given);
  if (!target.ok) return usageFailure(target, given.json);
  const { json, seconds, out } = given;
  const input = { ...target.value, seconds, signal: untilInterrupted() };
  const captured = await captureBytes({
    ...input,
    onChunk: (bytes) => void process.stderr.write(`${Buffer.from(bytes).toString("hex")}\n`),
  });
  if (!captured.ok) return reportFailure(withDevice(captured.failure, given.connection), { json });
  const { chunks, end } = captured.value;
  if (end !== null) reportFailure(withDevice(end, given.connection), { json: false });
  if (chunks.length === 0)
    return reportFailure(fail("device.silent", { device: given.connection }).failure, { json });
  try {
    writeCapture(out, input, captured.value, given.document);
  } catch (error) {
    const reason = `${out} cannot be written, perhaps it exists`;
    return usageFailure(fail("request.invalid", { reason }, error), json);
  }
  const bytes = chunks.reduce((sum, { hex }) => sum + hex.length / 2, 0);
  if (json) return printJson({ out, chunks: chunks.length, bytes });
  printText(`${bytes} bytes in ${chunks.length} pieces are in ${out}.`);
}
