import { connectDevice } from "@waystation/drivers/connect-device";
import type { AnyDevice, DeviceState, PrintOutcome } from "@waystation/drivers/kit/device";
import type { DeviceDefinition } from "@waystation/drivers/kit/define";
import { printBatch } from "@waystation/drivers/printers/print-batch";
import type { Connection } from "@waystation/drivers/transport/connection";
import type { Reading } from "@waystation/shared/model/reading";
import { writeConnection } from "./parse-connection.ts";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";

export type TryEvent =
  | { readonly event: "state"; readonly state: DeviceState["state"]; readonly failure?: Failure }
  | { readonly event: "reading"; readonly reading: Reading }
  | { readonly event: "weight"; readonly weightGrams: number }
  | {
      readonly event: "printed";
      readonly name: string;
      readonly outcome: PrintOutcome["outcome"];
      readonly failure?: Failure;
    };

export type PrintFile = { readonly name: string; readonly bytes: Uint8Array };

export type TryInput = {
  readonly definition: DeviceDefinition;
  readonly connection: Connection;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Ask a scale for one stable weight. */
  readonly weigh: boolean;
  /** Print these in their order, each once; the first that is not surely printed ends it. */
  readonly print: readonly PrintFile[];
  readonly onEvent: (event: TryEvent) => void;
};

const weighTimeoutMs = 10_000;
const printTimeoutMs = 20_000;

/** Runs the product's own driver on one device and tells all it says. A sorter is only listened to. */
export async function tryDevice(input: TryInput): Promise<Result<null>> {
  const { definition, connection, options, onEvent } = input;
  const ready = Promise.withResolvers<void>();
  const device = connectDevice(
    {
      deviceId: writeConnection(connection).slice(0, 64),
      model: definition.model,
      connection,
      options: { ...options },
    },
    {
      onReading: (_, reading) => onEvent({ event: "reading", reading }),
      onState: (_, state) => {
        onEvent({
          event: "state",
          state: state.state,
          ...(state.state === "faulted" ? { failure: state.failure } : {}),
        });
        if (state.state === "ready") ready.resolve();
      },
    },
    { userDefinitions: new Map([[definition.model, definition]]) },
  );
  if (!device.ok) return device;
  const over = waitFor(input);
  device.value.start();
  try {
    await Promise.race([ready.promise, over]);
    return await act(device.value, input, over);
  } finally {
    await device.value.stop();
  }
}

function waitFor({ seconds, signal }: TryInput): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** With something to do: done once, and over. Without: listened to until the time is up. */
async function act(device: AnyDevice, input: TryInput, over: Promise<void>): Promise<Result<null>> {
  if (input.weigh) return weigh(device, input);
  if (input.print.length > 0) return print(device, input);
  await over;
  const state = device.state();
  return state.state === "faulted" ? { ok: false, failure: state.failure } : succeed(null);
}

async function weigh(device: AnyDevice, { onEvent }: TryInput): Promise<Result<null>> {
  if (device.kind !== "scale")
    return fail("request.invalid", { reason: `--weigh: this is a ${device.kind}` });
  const weight = await device.requestWeight(weighTimeoutMs);
  if (!weight.ok) return weight;
  onEvent({ event: "weight", weightGrams: weight.value });
  return succeed(null);
}

async function print(device: AnyDevice, { print: files, onEvent }: TryInput): Promise<Result<null>> {
  if (device.kind !== "printer")
    return fail("request.invalid", { reason: `--print: this is a ${device.kind}` });
  const jobs = files.map(({ name, bytes }) => ({ jobId: name, bytes, timeoutMs: printTimeoutMs }));
  const { failure } = await printBatch(jobs, {
    print: device.print,
    onOutcome: ({ jobId: name }, result) => {
      const trouble = result.outcome === "printed" ? {} : { failure: result.failure };
      onEvent({ event: "printed", name, outcome: result.outcome, ...trouble });
    },
  });
  return failure === null ? succeed(null) : { ok: false, failure };
}
