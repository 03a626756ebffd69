import type { Framer } from "../../framing/framer.ts";
import { openTcpPipe, type PipeClient } from "../../transport/pipe.ts";
import { createFaultyLine } from "../faults.ts";
import {
  beltCommandSchema,
  type BeltEvent,
  type BeltOptions,
  createBelt,
  type SorterTwinState,
} from "../sorter-belt.ts";
import { createControl, type Twin, type TwinDeps } from "../twin.ts";

/** What the station said. */
export type Heard =
  | {
      readonly heard: "assignment";
      readonly parcelIndex: number;
      readonly chute: number;
      readonly deadlineMs: number | null;
      /** Null where the protocol has no acknowledgement. */
      readonly answer: ((isAccepted: boolean) => Uint8Array) | null;
    }
  | { readonly heard: "acknowledgement"; readonly sequence: number }
  | { readonly heard: "heartbeat" }
  | { readonly heard: "nothing" };

/** A protocol as the sorter speaks it, written apart from the station's codec. */
export type SorterTelegrams = {
  readonly createFramer: () => Framer;
  /** Null: the protocol has no word for it. */
  readonly encodeEvent: (event: BeltEvent, sequence: number) => Uint8Array | null;
  readonly encodeHeartbeat: ((sequence: number) => Uint8Array) | null;
  readonly hear: (frame: Uint8Array) => Heard;
  /** Events come again until they are acknowledged. */
  readonly repeatMs: number | null;
};

/** A sorter that pushes telegrams to whoever is connected. */
export async function startTelegramTwin(
  telegrams: SorterTelegrams,
  options: BeltOptions,
  deps: TwinDeps,
): Promise<Twin<SorterTwinState>> {
  const line = createFaultyLine();
  const kept = new Map<number, Uint8Array>();
  let sequence = 0;
  let lastEventSequence = 0;
  let acknowledged = 0;
  let stationHeartbeat = 0;

  const say = (bytes: Uint8Array) => {
    if (!belt.isHalted()) line.send(bytes, pipe.send);
  };
  const nextNumber = () => {
    sequence = (sequence % 99_999) + 1;
    return sequence;
  };
  const belt = createBelt(options, {
    event: (event) => {
      const number = nextNumber();
      const bytes = telegrams.encodeEvent(event, number);
      deps.onEvent?.({ event: event.type, parcelIndex: event.parcelIndex, chute: event.chute });
      if (!bytes) return;
      lastEventSequence = number;
      if (telegrams.repeatMs !== null) kept.set(number, bytes);
      say(bytes);
    },
  });

  const obey = (heard: Heard) => {
    if (heard.heard === "acknowledgement") {
      if (kept.delete(heard.sequence)) acknowledged = heard.sequence;
      else stationHeartbeat += 1;
    } else if (heard.heard === "heartbeat") stationHeartbeat += 1;
    if (heard.heard !== "assignment" || belt.isHalted()) return;
    const deadlineMs = heard.deadlineMs ?? Number.POSITIVE_INFINITY;
    const result = belt.assign(heard.parcelIndex, heard.chute, deadlineMs);
    deps.onEvent?.({ event: "command", parcelIndex: heard.parcelIndex, chute: heard.chute, result });
    if (heard.answer) say(heard.answer(result === 1));
  };

  const clients = new Map<PipeClient, Framer>();
  const sink = {
    onFrame: (frame: Uint8Array) => obey(hearSafely(telegrams, frame)),
    onRefused: () => undefined,
  };
  const pipe = await openTcpPipe(
    {
      onOpen: (client) => void clients.set(client, telegrams.createFramer()),
      onClose: (client) => void clients.delete(client),
      onData: (bytes, client) => clients.get(client)?.push(bytes, sink),
    },
    { port: options.port },
  );

  const repeatKept = () => {
    for (const bytes of kept.values()) say(bytes);
  };
  const { encodeHeartbeat, repeatMs } = telegrams;
  const beat = encodeHeartbeat && setInterval(() => say(encodeHeartbeat(nextNumber())), options.heartbeatMs);
  const repeat = repeatMs === null ? null : setInterval(repeatKept, repeatMs);

  return {
    connection: pipe.connection,
    state: () => ({ ...belt.counts(), stationHeartbeat, acknowledged, lastEventSequence }),
    control: createControl({ line, pipe, schema: beltCommandSchema, perform: belt.perform }),
    stop: async () => {
      if (beat) clearInterval(beat);
      if (repeat) clearInterval(repeat);
      belt.stop();
      await pipe.stop();
    },
  };
}

/** A real sorter ignores what it does not understand. */
function hearSafely(telegrams: SorterTelegrams, frame: Uint8Array): Heard {
  try {
    return telegrams.hear(frame);
  } catch {
    return { heard: "nothing" };
  }
}
