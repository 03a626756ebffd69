import { z } from "zod";
import { createLengthFramer } from "../../framing/length.ts";
import { type PlcProgram, plcOptionsSchema } from "../plc-program.ts";
import type { SorterTwinState } from "../sorter-belt.ts";
import type { Twin, TwinDeps } from "../twin.ts";
import { type FrontClient, type PlcFront, startPlcTwin } from "./plc-front.ts";

const optionsSchema = z.strictObject({
  ...plcOptionsSchema.shape,
  tag: z.string().default("Waystation"),
});
type Options = z.infer<typeof optionsSchema>;

/** A small Logix: session, forward open, read and write of one INT array, connected or not. */
export async function startEthernetIpSorterTwin(
  input: z.input<typeof optionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const options = optionsSchema.parse(input);
  return await startPlcTwin(createFront(options), options, deps);
}

const headerBytes = 24;
const commands = { registerSession: 0x65, sendRRData: 0x6f, sendUnitData: 0x70 } as const;
const services = { unconnectedSend: 0x52, forwardOpen: 0x54, readTag: 0x4c, writeTag: 0x4d } as const;
const status = { good: 0, pathUnknown: 5, notSupported: 8, tooLittleData: 0x13, general: 0xff } as const;
const intType = 0xc3;

const createFront = (options: Options): PlcFront => ({
  createFramer: () =>
    createLengthFramer({
      headerBytes,
      limitBytes: 2048,
      frameLength: (header) => headerBytes + (header[2] ?? 0) + (header[3] ?? 0) * 256,
    }),
  createClient: (program) => createClient(program, options),
  describeConnection: (host, port) => ({
    type: "ethernet-ip",
    host,
    port,
    slot: 0,
    tag: options.tag,
    writable: [{ address: 0, count: 8 }],
    connectTimeoutMs: 2000,
    requestTimeoutMs: 1000,
  }),
});

const word = (value: number) => [value & 0xff, (value >> 8) & 0xff];
const long = (value: number) => [...word(value), ...word(value >>> 16)];

function createClient(program: PlcProgram, options: Options): FrontClient {
  const session = 0x1001;
  let targetToOriginator = 0;

  const wrap = (request: Buffer, body: readonly number[]) =>
    Uint8Array.from([
      ...request.subarray(0, 2),
      ...word(body.length),
      ...long(session),
      ...long(0),
      ...request.subarray(12, 20),
      ...long(0),
      ...body,
    ]);

  const serveService = (request: Buffer): readonly number[] => {
    const service = request[0] ?? 0;
    const data = request.subarray(2 + (request[1] ?? 0) * 2);
    if (service === services.forwardOpen) {
      targetToOriginator = data.readUInt32LE(6);
      return [...reply(service, status.good), ...long(0xabcd), ...data.subarray(6, 18), ...long(0)];
    }
    if (service === services.unconnectedSend) return serveService(data.subarray(4, 4 + data.readUInt16LE(2)));
    return serveTag(program, options, request);
  };

  return (packet, answer) => {
    const request = Buffer.from(packet);
    const command = request.readUInt16LE(0);
    if (command === commands.registerSession) return answer(wrap(request, [...word(1), ...word(0)]));
    const items = request.subarray(headerBytes + 6);
    const head = [...long(0), ...word(0), ...word(2)];
    if (command === commands.sendRRData) {
      const message = serveService(items.subarray(10));
      answer(wrap(request, [...head, 0, 0, 0, 0, ...word(0xb2), ...word(message.length), ...message]));
    } else if (command === commands.sendUnitData) {
      const message = [...items.subarray(14, 16), ...serveService(items.subarray(16))];
      const place = [...word(0xa1), ...word(4), ...long(targetToOriginator)];
      answer(wrap(request, [...head, ...place, ...word(0xb1), ...word(message.length), ...message]));
    }
  };
}

const reply = (service: number, code: number) => [service | 0x80, 0, code, 0];

/** Symbol segment, then the element. */
function findElement(options: Options, path: Buffer): number | null {
  const length = path[1] ?? 0;
  const name = path.subarray(2, 2 + length).toString("latin1");
  const element = path.subarray(2 + length + (length % 2));
  if (path[0] !== 0x91 || name !== options.tag) return null;
  if (element.length === 0) return 0;
  if (element[0] === 0x28) return element[1] ?? null;
  return element[0] === 0x29 ? element.readUInt16LE(2) : null;
}

function serveTag(program: PlcProgram, options: Options, request: Buffer): readonly number[] {
  const service = request[0] ?? 0;
  const pathEnd = 2 + (request[1] ?? 0) * 2;
  const address = findElement(options, request.subarray(2, pathEnd));
  const data = request.subarray(pathEnd);
  if (address === null) return reply(service, status.pathUnknown);
  if (service === services.readTag) {
    const values = program.readWords(address, data.readUInt16LE(0));
    if (!values) return reply(service, status.general);
    return [...reply(service, status.good), ...word(intType), ...values.flatMap(word)];
  }
  if (service !== services.writeTag) return reply(service, status.notSupported);
  const count = data.readUInt16LE(2);
  if (data.readUInt16LE(0) !== intType || data.length !== 4 + count * 2)
    return reply(service, status.tooLittleData);
  const values = Array.from({ length: count }, (_, step) => data.readUInt16LE(4 + step * 2));
  return reply(service, program.writeWords(address, values) ? status.good : status.general);
}
