import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { defineSorter } from "../kit/define.ts";
import { createModbusFramer, decodeResponse, type ModbusRequest } from "../framing/modbus-tcp.ts";
import type { Cancel } from "../kit/clock.ts";
import type { DivertState } from "../kit/device.ts";
import type { Family, Session, SessionContext } from "../kit/family.ts";
import { createDivertQueue } from "./divert-queue.ts";
import { createEventRing, type RingEvent } from "./event-ring.ts";
import { createModbusClient } from "./modbus-client.ts";
import {
  defaultRegisterMap,
  defaultWritable,
  joinWords,
  layout,
  type RegisterMap,
  registerMapSchema,
  sequenceDistance,
  trackingStates,
  writableRangeSchema,
} from "./register-map.ts";

const optionsSchema = z.strictObject({
  unitId: z.int().min(0).max(255).default(1),
  map: registerMapSchema.default(defaultRegisterMap),
  writable: z
    .array(writableRangeSchema)
    .max(16)
    .default([...defaultWritable]),
  /** Absent: the PLC alone knows its chutes. */
  chutes: z.array(z.int().min(1).max(65_535)).optional(),
  pollMs: z.int().min(1).max(10_000).default(10),
  /** A PLC takes a command within its scan cycle, 5 to 20 ms. */
  echoTimeoutMs: z.int().min(20).max(10_000).default(500),
  heartbeatMs: z.int().min(20).max(10_000).default(500),
  /** No change of the PLC's heartbeat, or no answer, for so long: the sorter is not to be trusted. */
  silenceMs: z.int().min(50).max(30_000).default(1500),
  /** Events are acknowledged as they come, or when the listener says that they are safe. */
  acknowledge: z.enum(["immediately", "listener"]).default("immediately"),
});
type Options = z.infer<typeof optionsSchema>;

export const modbusSorter: Family<"sorter", Options> = {
  name: "modbus",
  kind: "sorter",
  options: optionsSchema,
  createFramer: createModbusFramer,
  createDecoder: createStatusDecoder,
  createSession,
};

const statusWords = (map: RegisterMap) => layout.statusHeadWords + map.eventSlots * layout.slotWords;

/** Reads a recorded conversation: every answer as long as the status block is one. */
function createStatusDecoder(options: Options): (frame: Uint8Array) => readonly Reading[] {
  const ring = createEventRing(options.map, 0);
  return (frame) => {
    const body = decodeResponse(frame)?.body;
    if (!body) return [{ kind: "refused", reason: "not a Modbus response" }];
    if ("exception" in body || body.function !== 3) return [];
    if (body.values.length !== statusWords(options.map)) return [];
    const { events, refused } = ring.read(body.values);
    const readings = events.map(({ reading }) => reading);
    return refused === null ? readings : [{ kind: "refused", reason: refused }, ...readings];
  };
}

function createSession(context: SessionContext<Options>): Session<"sorter"> {
  const { options, clock, deviceId } = context;
  const { map } = options;
  const client = createModbusClient({
    unitId: options.unitId,
    writable: options.writable,
    clock,
    send: context.write,
  });
  /** Lives as long as the session: a reconnect must not deliver an event twice. */
  let ring: ReturnType<typeof createEventRing> | null = null;
  const waitsForListener = options.acknowledge === "listener";
  let acknowledged = 0;
  let polling = false;
  let started = false;
  /** Until the first look at the ring of a connection: what it holds then may have waited there. */
  let fresh = true;
  let cancelPoll: Cancel = () => undefined;
  let cancelBeat: Cancel = () => undefined;
  let beat = 0;
  let plcBeat: { value: number | null; changedAtMs: number } = { value: null, changedAtMs: 0 };

  const read = (address: number, count: number): ModbusRequest => ({ function: 3, address, count });
  const write = (address: number, value: number): ModbusRequest => ({
    function: 6,
    address,
    values: [value],
  });
  const onWritten = (result: Result<unknown>) => {
    // what went down with the line was not refused
    const isRefused = !result.ok && result.failure.code === "device.refused-frame";
    if (isRefused) context.emit({ kind: "refused", reason: "the PLC refused a write" });
  };

  const diverts = createDivertQueue({
    deviceId,
    clock,
    map,
    chutes: options.chutes ? new Set(options.chutes) : null,
    echoTimeoutMs: options.echoTimeoutMs,
    isReady: () => started && context.isOpen(),
    /** The echo is asked for right behind the command, unless a poll is out already. */
    send: (requests) => {
      const sent = client.send(requests, onWritten);
      if (sent.ok) pollNow();
      return sent;
    },
  });

  const pollNow = () => {
    if (polling || !context.isOpen()) return;
    cancelPoll();
    polling = client.send([read(map.status, statusWords(map))], receiveStatus).ok;
    // a full client is no reason to stop asking
    if (!polling) cancelPoll = clock.after(options.pollMs, pollNow);
  };

  const receiveStatus = (result: Result<readonly number[]>) => {
    polling = false;
    if (!result.ok) return context.drop(result.failure);
    if (!ring) return;
    const before = ring.taken();
    const status = ring.read(result.value);
    if (status.refused !== null) context.emit({ kind: "refused", reason: status.refused });
    diverts.onEcho(status.echoedSequence, status.result);
    for (const event of status.events) emitEvent(event);
    fresh = false;
    // taken, then acknowledged: a crash in between delivers again rather than never
    if (!waitsForListener && status.lastEventSequence !== before) acknowledge(status.lastEventSequence);
    noteHeartbeat(status.heartbeat);
    if (!polling) cancelPoll = clock.after(diverts.isWaiting() ? 1 : options.pollMs, pollNow);
  };

  const emitEvent = ({ reading, sequence }: RingEvent) => {
    const late = fresh && reading.event === "induct" ? { isLate: true } : {};
    context.emit({ ...reading, ...late, ...(waitsForListener ? { sequence } : {}) });
  };

  const acknowledge = (sequence: number) => {
    acknowledged = sequence;
    client.send([write(map.acknowledged, sequence)], onWritten);
  };

  /** What was not delivered cannot be safe; what already is acknowledged stays so. */
  const release = (through: number) => {
    const delivered = ring ? sequenceDistance(acknowledged, ring.taken()) : 0;
    const wanted = sequenceDistance(acknowledged, through);
    if (wanted > 0 && wanted <= delivered) acknowledge(through);
  };

  /** Only a change shows that the PLC's program runs; the first value read says nothing. */
  const noteHeartbeat = (value: number) => {
    if (value === plcBeat.value) return;
    const isFirst = plcBeat.value === null;
    plcBeat = { value, changedAtMs: clock.nowMs() };
    if (!isFirst) context.reportHealth(null);
  };

  /** Our own heartbeat, and a look at the PLC's. */
  const beatOnce = () => {
    beat = (beat + 1) & 0xffff;
    client.send([write(map.stationHeartbeat, beat)], onWritten);
    if (client.oldestAgeMs() > options.silenceMs) return context.drop(fail("device.silent").failure);
    if (started && clock.nowMs() - plcBeat.changedAtMs > options.silenceMs) {
      context.reportHealth(fail("device.silent", {}, "the PLC's heartbeat stands still").failure);
    }
    cancelBeat = clock.after(options.heartbeatMs, beatOnce);
  };

  /** What the PLC remembers of us: the last command we gave it and the last event we took. */
  const begin = () => {
    const recall = [read(map.command + layout.commandDataWords, 1), read(map.acknowledged, 1)];
    const remembered: number[] = [];
    client.send(recall, (result) => {
      if (!result.ok) return context.drop(result.failure);
      remembered.push(result.value[0] ?? 0);
      const [lastCommand, plcKnows] = remembered;
      if (lastCommand === undefined || plcKnows === undefined) return;
      if (!ring) {
        ring = createEventRing(map, plcKnows);
        acknowledged = plcKnows;
      }
      // the last acknowledgement may have gone down with the line before
      if (acknowledged !== plcKnows) acknowledge(acknowledged);
      diverts.resumeAfter(lastCommand);
      started = true;
      pollNow();
    });
  };

  const queryDivert: Session<"sorter">["commands"]["queryDivert"] = (parcelIndex, timeoutMs) =>
    new Promise((resolve) => {
      const cancel = clock.after(timeoutMs, () => resolve(fail("device.silent", { device: deviceId })));
      const entry = map.tracking + (parcelIndex % map.trackingEntries) * layout.trackingWords;
      const sent = client.send([read(entry, layout.trackingWords)], (result) => {
        cancel();
        resolve(result.ok ? succeed(readTracking(result.value, parcelIndex)) : result);
      });
      if (sent.ok) return;
      cancel();
      resolve(sent);
    });

  return {
    commands: {
      divert: diverts.divert,
      queryDivert,
      ...(waitsForListener ? { acknowledge: release } : {}),
    },
    readyOn: "session",
    onOpen: () => {
      plcBeat = { value: null, changedAtMs: clock.nowMs() };
      begin();
      beatOnce();
    },
    onFrame: (frame) => {
      const fate = client.onFrame(frame);
      if (fate === "taken") return;
      context.emit({ kind: "refused", reason: `${fate} Modbus response` });
      if (fate === "broken")
        context.drop(fail("device.refused-frame", { reason: "broken response" }).failure);
    },
    // bytes between two messages: only a new connection is in step again
    onRefused: (reason) => context.drop(fail("device.refused-frame", { reason }).failure),
    onDown: (failure) => {
      cancelPoll();
      cancelBeat();
      polling = false;
      started = false;
      fresh = true;
      client.abandon(failure);
      diverts.abandonUnsent(failure);
    },
  };
}

function readTracking(words: readonly number[], parcelIndex: number): DivertState {
  const [high = 0, low = 0, stateCode = 0, chute = 0] = words;
  const state = trackingStates[stateCode] ?? "unknown-parcel";
  if (joinWords(high, low) !== parcelIndex) return { state: "unknown-parcel" };
  return state === "assigned" || state === "confirmed" ? { state, chute } : { state };
}

export const modbusModels = [
  /** A PLC programmed after the register map in register-map.ts. */
  defineSorter({
    model: "modbus-sorter",
    vendor: "generic",
    names: ["Sorter PLC, Modbus TCP"],
    family: modbusSorter,
    options: { map: defaultRegisterMap, writable: [{ address: 0, count: 8 }] },
    tcpPort: 502,
    confirmed: false,
    source: "our own register map; Modbus Application Protocol V1.1b3",
  }),
];
