import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { ModbusRequest } from "../framing/modbus-tcp.ts";
import type { Cancel, Clock } from "../kit/clock.ts";
import type { DivertCommand } from "../kit/device.ts";
import { commandResults, highWord, layout, lowWord, nextSequence, type RegisterMap } from "./register-map.ts";

type Echo = Result<{ readonly echoed: true }>;
type Job = { readonly command: DivertCommand; readonly finish: (echo: Echo) => void };
type SentJob = Job & { readonly sequence: number; readonly cancelTimeout: Cancel };

/** A burst of parcels may wait for the one command block; more than this is a sorter that stands still. */
const maximumQueued = 32;
const rememberedCommands = 512;

/**
 * The one command block and those waiting for it. Data and sequence leave in one write but as two requests, data
 * first, so the PLC never sees a new number over old data. No command is ever sent twice: the same commandId
 * gets the first call's answer, and one without an echo stays unconfirmed.
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
  const given = new Map<string, Promise<Echo>>();
  let sent: SentJob | null = null;
  let lastSequence = 0;

  const sendNext = () => {
    while (sent === null) {
      const job = waiting.shift();
      if (!job) return;
      sendJob(job);
    }
  };

  const sendJob = (job: Job) => {
    const sequence = nextSequence(lastSequence);
    const result = deps.send(encodeCommand(map, job.command, sequence));
    if (!result.ok) return job.finish(result);
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

  const start = (command: DivertCommand): Promise<Echo> => {
    const { chute } = command;
    if (deps.chutes && !deps.chutes.has(chute)) {
      return Promise.resolve(fail("sorter.chute-unknown", { device: deviceId, chute }));
    }
    if (!deps.isReady()) return Promise.resolve(fail("device.disconnected", { device: deviceId }));
    if (waiting.length >= maximumQueued) {
      return Promise.resolve(fail("device.queue-full", { device: deviceId, limit: maximumQueued }));
    }
    return new Promise((finish) => {
      waiting.push({ command, finish });
      sendNext();
    });
  };

  return {
    divert: (command: DivertCommand): Promise<Echo> => {
      const known = given.get(command.commandId);
      if (known) return known;
      const echo = start(command);
      given.set(command.commandId, echo);
      const oldest = given.size > rememberedCommands ? given.keys().next().value : undefined;
      if (oldest !== undefined) given.delete(oldest);
      return echo;
    },
    isWaiting: () => sent !== null,
    onEcho: (echoedSequence: number, result: number) => {
      if (sent?.sequence === echoedSequence) finishSent(readEcho(deviceId, sent.command, result));
    },
    /** The number in the PLC's command block: the next command must differ from it. */
    resumeAfter: (sequence: number) => {
      lastSequence = sequence;
    },
    /** What never left has surely failed; what left keeps its deadline, the echo may come on the next line. */
    abandonUnsent: (failure: Failure) => {
      for (const job of waiting.splice(0)) job.finish({ ok: false, failure });
    },
  };
}

function encodeCommand(map: RegisterMap, command: DivertCommand, sequence: number): readonly ModbusRequest[] {
  const { parcelIndex, chute, deadlineMs } = command;
  const data = [
    highWord(parcelIndex),
    lowWord(parcelIndex),
    chute,
    highWord(deadlineMs),
    lowWord(deadlineMs),
  ];
  return [
    { function: 16, address: map.command, values: data },
    { function: 6, address: map.command + layout.commandDataWords, values: [sequence] },
  ];
}

function readEcho(deviceId: string, command: DivertCommand, result: number): Echo {
  const { parcelIndex, chute } = command;
  if (result === commandResults.accepted) return succeed({ echoed: true });
  if (result === commandResults.late) return fail("sorter.late", { device: deviceId, parcelIndex });
  if (result === commandResults.unknownChute)
    return fail("sorter.chute-unknown", { device: deviceId, chute });
  const reason = result === commandResults.unknownParcel ? "the PLC does not track it" : `result ${result}`;
  return fail("sorter.unconfirmed", { device: deviceId, parcelIndex }, reason);
}
