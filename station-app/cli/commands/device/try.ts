import { connectionHelp } from "../../device/parse-connection.ts";
import { describeFailure } from "@waystation/shared/failures/catalog";
import type { TryEvent } from "../../device/try-device.ts";
import type { Command } from "commander";
import { printJson, printText, reportFailure } from "../../output.ts";
import {
  dataOption,
  jsonOption,
  parseSeconds,
  usageFailure,
  untilInterrupted,
  readTarget,
  readBytes,
} from "./shared.ts";

const tryHelp = `
Runs the product's own driver and prints all the device says: states and readings. --weigh asks a scale for one stable
weight, --print sends files to a
printer, each once, and stops at the first doubt; without them it only listens until --seconds are over or Ctrl-C. A sorter is
never commanded from here. Exit code 1 when the device is not well in the end.

Examples:
  waystation device try --model mt-sics --connection serial:/dev/ttyUSB0 --weigh
  waystation device try --model zebra-zd421 --connection tcp:10.0.0.9:9100 --print label.zpl`;

type TryOptions = {
  readonly model: string;
  readonly connection: string;
  readonly options?: string;
  readonly seconds: number;
  readonly weigh: boolean;
  readonly print?: readonly string[];
  readonly data: string;
  readonly json: boolean;
};

export function addTry(device: Command): void {
  device
    .command("try")
    .description("talk to a device and show what it says")
    .requiredOption("--model <model>", "which model stands there")
    .requiredOption("--connection <connection>", "where it is")
    .option("--options <json>", "the driver's options")
    .option("--seconds <n>", "how long", parseSeconds, 10)
    .option("--weigh", "ask a scale for one stable weight", false)
    .option("--print <files...>", "print these files in their order, each once")
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", connectionHelp)
    .addHelpText("after", tryHelp)
    .action(runTry);
}

async function runTry(given: TryOptions): Promise<void> {
  const { tryDevice } = await import("../../device/try-device.ts");
  const target = await readTarget(given);
  if (!target.ok) return usageFailure(target, given.json);
  const { definition, ...where } = target.value;
  if (definition === null) return;
  const labels = (given.print ?? []).map((name) => ({ name, bytes: readBytes(name) }));
  const unreadable = labels.find(({ bytes }) => !bytes.ok)?.bytes;
  if (unreadable?.ok === false) return usageFailure(unreadable, given.json);
  const result = await tryDevice({
    ...where,
    definition,
    seconds: given.seconds,
    signal: untilInterrupted(),
    weigh: given.weigh,
    print: labels.flatMap(({ name, bytes }) => (bytes.ok ? [{ name, bytes: bytes.value }] : [])),
    onEvent: (event) => (given.json ? printJson(event) : printText(describeTryEvent(event))),
  });
  if (!result.ok) reportFailure(result.failure, { json: given.json });
}

function describeTryEvent(event: TryEvent): string {
  switch (event.event) {
    case "state":
      return event.failure === undefined ? event.state : `${event.state}: ${describeFailure(event.failure)}`;
    case "reading":
      return JSON.stringify(event.reading);
    case "weight":
      return `${event.weightGrams} g, stable`;
    case "printed":
      return `${event.name}: ${event.outcome}`;
  }
}
