import { writeFileSync } from "node:fs";
import { decodeBytes } from "@waystation/drivers/decode-bytes";
import { connectDevice } from "@waystation/drivers/connect-device";
import type { DeviceDefinition } from "@waystation/drivers/kit/define";
import type { Connection } from "@waystation/drivers/transport/connection";
import { createTransport } from "@waystation/drivers/transport/create-transport";
import type { Transport, TransportEvents } from "@waystation/drivers/transport/transport";
import { type Failure, type Result, succeed } from "@waystation/shared/failures/result";

export type CaptureInput = {
  readonly connection: Connection;
  /** null: only listened to. Else the driver talks to it, for devices that say nothing unasked. */
  readonly definition: DeviceDefinition | null;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly signal: AbortSignal;
  readonly onChunk?: (bytes: Uint8Array) => void;
};

type Chunk = { readonly atMs: number; readonly hex: string };
export type Captured = { readonly chunks: readonly Chunk[]; readonly end: Failure | null };

/** A recording stops here: an hour of a streaming scale is less. */
const limitBytes = 1024 * 1024;

/** Records what comes in until the time is up, the line ends, the limit is reached or the signal says so. */
export async function captureBytes(input: CaptureInput): Promise<Result<Captured>> {
  const recording = record(input);
  const opened =
    input.definition === null
      ? await listen(input, recording)
      : connectThrough(input.definition, input, recording);
  if (!opened.ok) return opened;
  const end = await recording.over;
  await opened.value();
  return succeed({ chunks: recording.chunks, end });
}

function record({ seconds, signal, onChunk }: CaptureInput) {
  const chunks: Chunk[] = [];
  const startedAtMs = performance.now();
  const { promise: over, resolve } = Promise.withResolvers<Failure | null>();
  const timer = setTimeout(() => resolve(null), seconds * 1000);
  signal.addEventListener("abort", () => resolve(null), { once: true });
  let bytesKept = 0;
  const onData = (bytes: Uint8Array) => {
    bytesKept += bytes.length;
    if (bytesKept > limitBytes) return resolve(null);
    chunks.push({
      atMs: Math.round(performance.now() - startedAtMs),
      hex: Buffer.from(bytes).toString("hex"),
    });
    onChunk?.(bytes);
  };
  return { chunks, over: over.finally(() => clearTimeout(timer)), onData, onEnd: resolve };
}

type Recording = ReturnType<typeof record>;
type Close = () => Promise<void>;

async function listen({ connection }: CaptureInput, { onData, onEnd }: Recording): Promise<Result<Close>> {
  const line = createTransport(connection, {});
  const opened = await line.open({ onData, onClose: onEnd });
  return opened.ok ? succeed(line.close) : opened;
}

/** The product's own driver asks its questions, and what it hears is written down on the way. */
function connectThrough(
  definition: DeviceDefinition,
  { connection, options }: CaptureInput,
  { onData }: Recording,
): Result<Close> {
  const tap = (line: Transport): Transport => ({
    ...line,
    open: (events: TransportEvents) =>
      line.open({
        ...events,
        onData: (bytes) => {
          onData(bytes);
          events.onData(bytes);
        },
      }),
  });
  const device = connectDevice(
    { deviceId: "capture", model: definition.model, connection, options: { ...options } },
    { onReading: () => undefined, onState: () => undefined },
    {
      userDefinitions: new Map([[definition.model, definition]]),
      createTransport: () => tap(createTransport(connection, definition.serial)),
    },
  );
  if (!device.ok) return device;
  device.value.start();
  return succeed(device.value.stop);
}

/** The fixture as the conformance suites read it. The readings are ours: a person compares them with the device. */
export function writeCapture(
  path: string,
  { definition, options }: CaptureInput,
  { chunks }: Captured,
  document: string,
): void {
  const codec = definition?.createCodec(options);
  const pieces = chunks.map(({ hex }) => Buffer.from(hex, "hex"));
  const fixture = {
    source: { from: "device", document },
    ...(Object.keys(options).length === 0 ? {} : { options }),
    chunks,
    readings: codec?.ok === true ? decodeBytes(codec.value, pieces) : [],
  };
  writeFileSync(path, `${JSON.stringify(fixture, null, 2)}\n`, { flag: "wx" });
}
