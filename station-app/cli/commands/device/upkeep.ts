import type { CommandReply } from "@waystation/shared/wire/station-ipc";
import type { StationCaller } from "../../ask-station.ts";
import { resolve } from "node:path";
import type { Failure } from "@waystation/shared/failures/result";
import { type Command, InvalidArgumentError, Option } from "commander";
import { printJson, printText, reportFailure } from "../../output.ts";
import { dataOption, jsonOption } from "./shared.ts";

const operatorOption = () =>
  new Option("--operator <id>", "who does it; the fact says so").makeOptionMandatory();

const zeroHelp = `
The running station asks the empty scale for its weight and records what it says as a fact. Exit code 1 when it is not zero.

Example:
  waystation device check-zero bench-scale --operator 4711`;

type UpkeepOptions = { readonly operator: string; readonly data: string; readonly json: boolean };

export function addCheckZero(device: Command): void {
  device
    .command("check-zero")
    .description("check that an empty scale shows zero, and record it")
    .argument("<device>", "the scale's name at the station")
    .addOption(operatorOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", zeroHelp)
    .action((deviceId: string, given: UpkeepOptions) =>
      tellStation(given, (client, signal) =>
        client.scale.checkZero({ deviceId, operatorId: given.operator }, { signal }),
      ),
    );
}

const calibratedHelp = `
Example:
  waystation device calibrated bench-scale --certificate K-2026-114 --due 2027-11-30 --operator 4711`;

export function addCalibrated(device: Command): void {
  device
    .command("calibrated")
    .description("record that the calibration service was at a scale")
    .argument("<device>", "the scale's name at the station")
    .requiredOption("--certificate <number>", "the number on the certificate")
    .requiredOption("--due <date>", "the last day it holds, YYYY-MM-DD", parseDate)
    .addOption(operatorOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .addHelpText("after", calibratedHelp)
    .action((deviceId: string, given: UpkeepOptions & { certificate: string; due: string }) =>
      tellStation(given, (client, signal) =>
        client.scale.recordCalibration(
          { deviceId, certificate: given.certificate, dueOn: given.due, operatorId: given.operator },
          { signal },
        ),
      ),
    );
}

function parseDate(text: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
  if (isDay && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)) return text;
  throw new InvalidArgumentError("It is a day like 2027-11-30.");
}

async function tellStation(
  { data, json }: UpkeepOptions,
  tell: (client: StationCaller, signal: AbortSignal) => Promise<CommandReply>,
): Promise<void> {
  const { askStation, findStation } = await import("../../ask-station.ts");
  const station = await findStation(resolve(data));
  if (!station.ok) return reportFailure(station.failure, { json });
  const reply = await askStation(station.value, tell);
  if (!reply.ok) return reportFailure(reply.failure, { json });
  if (!reply.value.ok) return reportFailure(toFailure(reply.value.failure), { json });
  if (json) return printJson({ ok: true });
  printText("Recorded.");
}

/** Over the wire an absent cause may be undefined. */
const toFailure = ({ code, details, cause }: Extract<CommandReply, { ok: false }>["failure"]): Failure =>
  cause === undefined ? { code, details } : { code, details, cause };
