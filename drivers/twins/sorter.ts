import { z } from "zod";
import {
  createModbusFramer,
  decodeRequest,
  encodeResponse,
  maximumReadRegisters,
  maximumWriteRegisters,
  type ModbusRequest,
  type ModbusResponse,
} from "../framing/modbus-tcp.ts";
import type { FrameSink } from "../framing/framer.ts";
import {
  commandResults,
  defaultRegisterMap,
  joinWords,
  layout,
  registerMapSchema,
  type SorterEventType,
} from "../sorters/register-map.ts";
import { createFaultyLine } from "./faults.ts";
import { openTcpPipe, type PipeClient } from "../transport/pipe.ts";
import { createPlcMemory } from "./plc-memory.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const sorterTwinOptionsSchema = z.strictObject({
  port: z.int().min(0).max(65_535).default(0),
  map: registerMapSchema.default(defaultRegisterMap),
  chutes: z.array(z.int()).default([1, 2, 3, 4, 5, 6, 7, 8, 9]),
  rejectChute: z.int().default(99),
  /** From induction to the switch: an assignment after it comes too late. */
  decisionMs: z.int().min(0).default(1000),
  /** From induction to the chute's photo eye. */
  travelMs: z.int().min(0).default(1200),
  /** A belt that waits for its orders: an assigned parcel arrives so soon after the assignment. */
  arriveAfterAssignMs: z.int().min(0).optional(),
  heartbeatMs: z.int().min(10).default(100),
  /** 0: a command is taken at once; else at the next scan cycle. */
  scanCycleMs: z.int().min(0).default(0),
});

const commandSchema = z.discriminatedUnion("command", [
  z.strictObject({ command: z.literal("induct"), parcelIndex: z.int().min(1).max(0xffff_ffff) }),
  z.strictObject({ command: z.literal("lose"), parcelIndex: z.int() }),
  /** At its chute now, whatever is left of the travel. */
  z.strictObject({ command: z.literal("arrive"), parcelIndex: z.int() }),
  z.strictObject({ command: z.literal("jam"), chute: z.int().default(0) }),
  z.strictObject({ command: z.literal("chute-full"), chute: z.int() }),
  /** The PLC's program stands still, its network card does not. */
  z.strictObject({ command: z.literal("halt"), on: z.boolean() }),
]);

type Parcel = {
  readonly parcelIndex: number;
  readonly inductedAtMs: number;
  chute: number | null;
  decided: boolean;
  timers: NodeJS.Timeout[];
};

export type SorterTwinState = {
  /** Commands taken per parcel; more than one would be a double divert. */
  readonly commands: Readonly<Record<number, number>>;
  /** Where each parcel really went. */
  readonly confirmed: Readonly<Record<number, number>>;
  readonly stationHeartbeat: number;
  readonly acknowledged: number;
  readonly lastEventSequence: number;
};

/** A PLC with a belt behind it. It remembers everything, whoever connects or leaves. */
export async function startSorterTwin(
  input: z.input<typeof sorterTwinOptionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const options = sorterTwinOptionsSchema.parse(input);
  const { map } = options;
  const line = createFaultyLine();
  const memory = createPlcMemory(map);
  const parcels = new Map<number, Parcel>();
  const commands: Record<number, number> = {};
  const confirmed: Record<number, number> = {};
  let takenSequence = 0;
  let halted = false;

  const tell = (type: SorterEventType, parcelIndex: number, chute: number) => {
    memory.pushEvent(type, parcelIndex, chute);
    deps.onEvent?.({ event: type, parcelIndex, chute });
  };

  const induct = (parcelIndex: number) => {
    const parcel: Parcel = {
      parcelIndex,
      inductedAtMs: performance.now(),
      chute: null,
      decided: false,
      timers: [],
    };
    parcels.set(parcelIndex, parcel);
    memory.track(parcelIndex, "unassigned", 0);
    tell("induct", parcelIndex, 0);
    parcel.timers = [
      setTimeout(() => decide(parcel), options.decisionMs),
      setTimeout(() => arrive(parcel), options.travelMs),
    ];
  };

  const decide = (parcel: Parcel) => {
    parcel.decided = true;
    parcel.chute ??= options.rejectChute;
  };

  const arrive = (parcel: Parcel) => {
    decide(parcel);
    const chute = parcel.chute ?? options.rejectChute;
    confirmed[parcel.parcelIndex] = chute;
    memory.track(parcel.parcelIndex, "confirmed", chute);
    tell("confirm", parcel.parcelIndex, chute);
  };

  const arriveSoon = (parcel: Parcel, afterMs: number) => {
    for (const timer of parcel.timers) clearTimeout(timer);
    parcel.timers = [setTimeout(() => arrive(parcel), afterMs)];
  };

  const lose = (parcelIndex: number) => {
    for (const timer of parcels.get(parcelIndex)?.timers ?? []) clearTimeout(timer);
    parcels.delete(parcelIndex);
    memory.track(parcelIndex, "lost", 0);
    tell("lost", parcelIndex, 0);
  };

  const arriveNow = (parcelIndex: number) => {
    const parcel = parcels.get(parcelIndex);
    if (!parcel || confirmed[parcelIndex] !== undefined) return;
    for (const timer of parcel.timers) clearTimeout(timer);
    arrive(parcel);
  };

  const assign = (parcelIndex: number, chute: number, deadlineMs: number): number => {
    const parcel = parcels.get(parcelIndex);
    if (!parcel) return commandResults.unknownParcel;
    if (!options.chutes.includes(chute) && chute !== options.rejectChute) return commandResults.unknownChute;
    const ageMs = performance.now() - parcel.inductedAtMs;
    if (parcel.decided || ageMs > deadlineMs) return commandResults.late;
    parcel.chute = chute;
    memory.track(parcelIndex, "assigned", chute);
    if (options.arriveAfterAssignMs !== undefined) arriveSoon(parcel, options.arriveAfterAssignMs);
    return commandResults.accepted;
  };

  /** A changed sequence is a new command; the echo comes after it was carried out. */
  const takeCommand = () => {
    const [high = 0, low = 0, chute = 0, deadlineHigh = 0, deadlineLow = 0, sequence = 0] = memory.read(
      map.command,
      layout.commandWords,
    );
    if (halted || sequence === 0 || sequence === takenSequence) return;
    takenSequence = sequence;
    const parcelIndex = joinWords(high, low);
    commands[parcelIndex] = (commands[parcelIndex] ?? 0) + 1;
    const result = assign(parcelIndex, chute, joinWords(deadlineHigh, deadlineLow));
    memory.echo(sequence, result);
    deps.onEvent?.({ event: "command", parcelIndex, chute, result });
  };

  const serve = (request: ModbusRequest): ModbusResponse => {
    const count = request.function === 3 ? request.count : request.values.length;
    const limit = request.function === 3 ? maximumReadRegisters : maximumWriteRegisters;
    if (count < 1 || count > limit) return { function: request.function, exception: 3 };
    if (request.address + count > memory.size) return { function: request.function, exception: 2 };
    if (request.function === 3) return { function: 3, values: memory.read(request.address, count) };
    memory.write(request.address, request.values);
    if (options.scanCycleMs === 0) takeCommand();
    return { function: request.function, address: request.address };
  };

  const pipe = await openTcpPipe(serveClients(serve, line.send), { port: options.port });
  const heartbeat = setInterval(() => {
    if (!halted) memory.beat();
  }, options.heartbeatMs);
  const cycle = options.scanCycleMs > 0 ? setInterval(takeCommand, options.scanCycleMs) : undefined;

  return {
    connection: pipe.connection,
    state: () => ({
      commands: { ...commands },
      confirmed: { ...confirmed },
      stationHeartbeat: memory.read(map.stationHeartbeat, 1)[0] ?? 0,
      acknowledged: memory.read(map.acknowledged, 1)[0] ?? 0,
      lastEventSequence: memory.lastEventSequence(),
    }),
    control: createControl({
      line,
      pipe,
      schema: commandSchema,
      perform: (command) => {
        if (command.command === "induct") induct(command.parcelIndex);
        else if (command.command === "lose") lose(command.parcelIndex);
        else if (command.command === "arrive") arriveNow(command.parcelIndex);
        else if (command.command === "halt") halted = command.on;
        else tell(command.command, 0, command.chute);
      },
    }),
    stop: async () => {
      clearInterval(heartbeat);
      clearInterval(cycle);
      for (const parcel of parcels.values()) for (const timer of parcel.timers) clearTimeout(timer);
      await pipe.stop();
    },
  };
}

/** Every client with a framer of its own; a stream out of step is simply not answered. */
function serveClients(
  serve: (request: ModbusRequest) => ModbusResponse,
  send: (bytes: Uint8Array, send: (bytes: Uint8Array) => void) => void,
) {
  const clients = new Map<
    PipeClient,
    { readonly framer: ReturnType<typeof createModbusFramer>; readonly sink: FrameSink }
  >();
  const answer = (adu: Uint8Array, client: PipeClient) => {
    const { transaction, unitId, functionCode, body: request } = decodeRequest(adu);
    const body = request ? serve(request) : { function: functionCode, exception: 1 };
    send(encodeResponse({ transaction, unitId, body }, request), client.send);
  };
  return {
    onOpen: (client: PipeClient) => {
      const sink = { onFrame: (adu: Uint8Array) => answer(adu, client), onRefused: () => undefined };
      clients.set(client, { framer: createModbusFramer(), sink });
    },
    onClose: (client: PipeClient) => void clients.delete(client),
    onData: (bytes: Uint8Array, client: PipeClient) => {
      const known = clients.get(client);
      known?.framer.push(bytes, known.sink);
    },
  };
}
