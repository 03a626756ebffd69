import { z } from "zod";
import { createLengthFramer } from "../../framing/length.ts";
import { type PlcProgram, plcOptionsSchema } from "../plc-program.ts";
import type { SorterTwinState } from "../sorter-belt.ts";
import type { Twin, TwinDeps } from "../twin.ts";
import { type FrontClient, type PlcFront, startPlcTwin } from "./plc-front.ts";

const optionsSchema = z.strictObject({
  ...plcOptionsSchema.shape,
  db: z.int().default(10),
  startByte: z.int().default(0),
  /** S7-1200 and S7-300 offer 240, S7-1500 960. */
  maximumPduBytes: z.int().min(64).max(960).default(240),
});
type Options = z.infer<typeof optionsSchema>;

/** A small S7 server: RFC 1006, COTP connection, S7 setup, read and write of one data block. */
export async function startS7SorterTwin(
  input: z.input<typeof optionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const options = optionsSchema.parse(input);
  return await startPlcTwin(createFront(options), options, deps);
}

const createFront = (options: Options): PlcFront => ({
  createFramer: () =>
    createLengthFramer({
      headerBytes: 4,
      limitBytes: 2048,
      frameLength: ([version = 0, reserved, high = 0, low = 0]) =>
        version === 3 && reserved === 0 ? high * 256 + low : null,
    }),
  createClient: (program) => createClient(program, options),
  describeConnection: (host, port) => ({
    type: "s7",
    host,
    port,
    rack: 0,
    slot: 1,
    db: options.db,
    startByte: options.startByte,
    writable: [{ address: 0, count: 8 }],
    connectTimeoutMs: 2000,
    requestTimeoutMs: 1000,
  }),
});

const connectionRequest = 0xe0;
const data = 0xf0;
const returnCodes = { good: 0xff, badAddress: 0x05, noSuchBlock: 0x0a } as const;

function createClient(program: PlcProgram, options: Options): FrontClient {
  return (telegram, answer) => {
    const cotp = telegram[5];
    if (cotp === connectionRequest) return answer(wrap(confirmConnection(telegram.subarray(4))));
    const pdu = telegram.subarray(7);
    if (cotp !== data || pdu[0] !== 0x32 || pdu[1] !== 1) return;
    const response = serveJob(program, options, Buffer.from(pdu));
    if (response) answer(wrap(Uint8Array.from([2, data, 0x80, ...response])));
  };
}

const word = (value: number) => [(value >> 8) & 0xff, value & 0xff];
const wrap = (tpdu: Uint8Array) => Uint8Array.from([3, 0, ...word(tpdu.length + 4), ...tpdu]);

/** Destination becomes the caller's reference, ours is 1; the parameters come back as they were. */
const confirmConnection = (request: Uint8Array) =>
  Uint8Array.from([request[0] ?? 0, 0xd0, request[4] ?? 0, request[5] ?? 0, 0, 1, ...request.subarray(6)]);

function serveJob(program: PlcProgram, options: Options, pdu: Buffer): readonly number[] | null {
  const reference = pdu.readUInt16BE(4);
  const parameterBytes = pdu.readUInt16BE(6);
  const parameters = pdu.subarray(10, 10 + parameterBytes);
  const body = pdu.subarray(10 + parameterBytes);
  const job = parameters[0];
  if (job === 0xf0) {
    const wanted = parameters.readUInt16BE(6);
    const granted = Math.min(wanted, options.maximumPduBytes);
    return encodeAnswer(reference, [0xf0, 0, ...word(1), ...word(1), ...word(granted)], []);
  }
  if (job === 4) return encodeAnswer(reference, [4, 1], serveRead(program, options, parameters));
  if (job === 5) return encodeAnswer(reference, [5, 1], [serveWrite(program, options, parameters, body)]);
  return null;
}

const encodeAnswer = (reference: number, parameters: readonly number[], body: readonly number[]) => [
  0x32,
  3,
  0,
  0,
  ...word(reference),
  ...word(parameters.length),
  ...word(body.length),
  0,
  0,
  ...parameters,
  ...body,
];

/** One variable: 12 0A 10, transport size, count, block, area, bit address in 3 bytes. Null: not this block. */
function findWords({ db, startByte }: Options, parameters: Buffer) {
  const item = parameters.subarray(2, 14);
  const size = item[3] ?? 0;
  const bytes = item.readUInt16BE(4) * (size === 4 ? 2 : 1);
  const offset = item.readUIntBE(9, 3) / 8 - startByte;
  if (item.readUInt16BE(6) !== db || item[8] !== 0x84) return null;
  return { address: offset / 2, count: bytes / 2 };
}

function serveRead(program: PlcProgram, options: Options, parameters: Buffer): readonly number[] {
  const place = findWords(options, parameters);
  if (!place) return [returnCodes.noSuchBlock, 0, 0, 0];
  const values = program.readWords(place.address, place.count);
  if (!values) return [returnCodes.badAddress, 0, 0, 0];
  return [returnCodes.good, 4, ...word(values.length * 16), ...values.flatMap(word)];
}

function serveWrite(program: PlcProgram, options: Options, parameters: Buffer, body: Buffer): number {
  const place = findWords(options, parameters);
  if (!place) return returnCodes.noSuchBlock;
  const values = Array.from({ length: place.count }, (_, step) => body.readUInt16BE(4 + step * 2));
  return program.writeWords(place.address, values) ? returnCodes.good : returnCodes.badAddress;
}
