import { assert } from "@waystation/shared/failures/assert";
import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { ModbusRequest } from "../framing/modbus-tcp.ts";
import type { Cancel, Clock } from "../kit/clock.ts";
import type { DivertCommand } from "../kit/device.ts";
import { withDevice } from "../kit/with-device.ts";
import { createGivenCommands } from "./given-commands.ts";
import { commandResults, highWord, layout, lowWord, nextSequence, type RegisterMap } from "./register-map.ts";

type Echo = Result<{ readonly echoed: true }>;
type Job = { readonly command: DivertCommand; readonly finish: (echo: Echo) => void };
type SentJob = Job & { readonly sequence: number; readonly cancelTimeout: Cancel };

/** A burst of parcels may wait for the one command block; more than this is a sorter that stands still. */
const maximumQueued = 32;

/**
 * The one command block and those waiting for it. Data and sequence leave in one write but as two requests, data
 * first, so the PLC never sees a new number over old data. A number the PLC has not echoed may still be taken: it is
 * withdrawn before new data is written, or the PLC would carry out the new data under the old number, and again under
 * the new one. No command is ever sent twice: a commandId that was sent gets its first answer again, and one without an
 * echo stays unconfirmed.
 */
export function createDivertQueue(deps: {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly map: RegisterMap;
  readonly chutes: ReadonlySet<number> | null;
  readonly echoTimeoutMs: number;
  readonly isReady: () => boolean;
  readonly send: (requests: readonly ModbusRequest[]) => Result<null>;
}) {
  const { deviceId, map } = deps;
  const waiting: Job[] = [];
  const given = createGivenCommands<Echo>();
  let sent: SentJob | null = null;
  let lastSequence = 0;
  let echoed = 0;

  const sendNext = () => {
    while (sent === null) {
      const job = waiting.shift();
      if (!job) return;
      sendJob(job);
    }
  };

  const sendJob = (job: Job) => {
    const sequence = nextSequence(lastSequence);
    const withdrawal = echoed === lastSequence ? [] : [writeSequence(map, notACommand)];
    const result = deps.send([...withdrawal, ...encodeCommand(map, job.command, sequence)]);
    if (!result.ok) return finishUnsent(job, result.failure);
    lastSequence = sequence;
    const cancelTimeout = deps.clock.after(deps.echoTimeoutMs, () =>
      finishSent(fail("sorter.unconfirmed", { device: deviceId, parcelIndex: job.command.parcelIndex })),
    );
    sent = { ...job, sequence, cancelTimeout };
  };

  const finishSent = (echo: Echo) => {
    const finished = sent;
    sent = null;
    finished?.cancelTimeout();
    finished?.finish(echo);
    sendNext();
  };

  /** Why this command cannot even be queued. */
  const refuse = (command: DivertCommand): Failure | null => {
    const { chute, parcelIndex } = command;
    assert(isWord32(parcelIndex), `parcel index ${parcelIndex} does not fit two registers`);
    const isPossible = deps.chutes
      ? deps.chutes.has(chute)
      : Number.isInteger(chute) && chute > 0 && chute <= 0xffff;
    if (!isPossible) return fail("sorter.chute-unknown", { device: deviceId, chute }).failure;
    if (!deps.isReady()) return fail("device.disconnected", { device: deviceId }).failure;
    if (waiting.length < maximumQueued) return null;
    return fail("device.queue-full", { device: deviceId, limit: maximumQueued }).failure;
  };

  /** Nothing of it left the station: the same command may be given again. */
  const finishUnsent = (job: Job, failure: Failure) => {
    given.forget(job.command.commandId);
    job.finish({ ok: false, failure: withDevice(failure, deviceId) });
  };

  return {
    divert: (command: DivertCommand): Promise<Echo> => {
      const known = given.find(command.commandId);
      if (known) return known;
      const failure = refuse(command);
      if (failure) return Promise.resolve({ ok: false, failure });
      const { promise, resolve } = Promise.withResolvers<Echo>();
      given.remember(command.commandId, promise);
      waiting.push({ command, finish: resolve });
      sendNext();
      return promise;
    },
    isWaiting: () => sent !== null,
    onEcho: (echoedSequence: number, result: number) => {
      echoed = echoedSequence;
      if (sent?.sequence === echoedSequence) finishSent(readEcho(deviceId, sent.command, result));
    },
    /** The number in the PLC's command block: the next command must differ from it. */
    resumeAfter: (sequence: number) => {
      lastSequence = sequence;
    },
    /** What never left has surely failed; what left keeps its deadline, the echo may come on the next line. */
    abandonUnsent: (failure: Failure) => {
      for (const job of waiting.splice(0)) finishUnsent(job, failure);
    },
  };
}

const isWord32 = (value: number) => Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;

function encodeCommand(map: RegisterMap, command: DivertCommand, sequence: number): readonly ModbusRequest[] {
  const { parcelIndex, chute } = command;
  const deadlineMs = Math.min(Math.max(0, Math.floor(command.deadlineMs)), 0xffff_ffff);
  const data = [
    highWord(parcelIndex),
    lowWord(parcelIndex),
    chute,
    highWord(deadlineMs),
    lowWord(deadlineMs),
  ];
  return [{ function: 16, address: map.command, values: data }, writeSequence(map, sequence)];
}

/** What the register map calls "never". */
const notACommand = 0;

const writeSequence = (map: RegisterMap, sequence: number): ModbusRequest => ({
  function: 6,
  address: map.command + layout.commandDataWords,
  values: [sequence],
});

function readEcho(deviceId: string, command: DivertCommand, result: number): Echo {
  const { parcelIndex, chute } = command;
  if (result === commandResults.accepted) return succeed({ echoed: true });
  if (result === commandResults.late) return fail("sorter.late", { device: deviceId, parcelIndex });
  if (result === commandResults.unknownChute)
    return fail("sorter.chute-unknown", { device: deviceId, chute });
  const reason = result === commandResults.unknownParcel ? "the PLC does not track it" : `result ${result}`;
  return fail("sorter.unconfirmed", { device: deviceId, parcelIndex }, reason);
}
