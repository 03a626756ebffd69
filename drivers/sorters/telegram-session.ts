import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import type { DivertCommand } from "../kit/device.ts";
import type { Session, SessionContext } from "../kit/family.ts";
import { createParcelLedger } from "./parcel-ledger.ts";
import { createTelegramDiverts } from "./telegram-diverts.ts";

/** What every sorter that speaks in telegrams can be set to. */
export const telegramOptions = {
  /** Absent: the sorter alone knows its chutes. */
  chutes: z.array(z.int().min(1)).optional(),
  /** Events are acknowledged as they come, or when the listener says that they are safe. */
  acknowledge: z.enum(["immediately", "listener"]).default("immediately"),
};
type CommonOptions = {
  readonly chutes?: readonly number[] | undefined;
  readonly acknowledge: "immediately" | "listener";
};

/** What one telegram of the sorter says, and what is said back. */
export type Telegram = {
  readonly readings: readonly Reading[];
  /** Said back at once, e.g. to a heartbeat. */
  readonly answer?: Uint8Array;
  /** Said back once the event is safe. */
  readonly acknowledgement?: { readonly sequence: number; readonly bytes: Uint8Array };
  /** Answers the divert of this key. */
  readonly outcome?: { readonly key: string; readonly isAccepted: boolean };
};

export type TelegramDialect = {
  readonly parse: (frame: Uint8Array) => Telegram;
  readonly encodeDivert: (command: DivertCommand) => Result<{
    readonly bytes: Uint8Array;
    readonly key: string;
  }>;
  readonly answerTimeoutMs: number;
  /** true: a divert is answered only by the parcel's end, there is no acknowledgement. */
  readonly confirmsByEnd: boolean;
  /** Null: the protocol has no heartbeat; only the line itself tells that the sorter is gone. */
  readonly heartbeat: { readonly silenceMs: number; readonly ask: () => Uint8Array | null } | null;
};

const rememberedSequences = 256;

/** The conversation with a sorter that pushes telegrams. Line trouble costs one telegram, never the framing. */
export function createTelegramSession(
  context: SessionContext<CommonOptions>,
  dialect: TelegramDialect,
): Session<"sorter"> {
  const { options, deviceId, clock } = context;
  const ledger = createParcelLedger(clock);
  const acknowledgements = createAcknowledgements(context);
  const diverts = createTelegramDiverts({
    deviceId,
    clock,
    ledger,
    chutes: options.chutes ? new Set(options.chutes) : null,
    answerTimeoutMs: dialect.answerTimeoutMs,
    isReady: context.isOpen,
    send: (command) => {
      const encoded = dialect.encodeDivert(command);
      if (!encoded.ok) return encoded;
      const sent = context.write(encoded.value.bytes);
      return sent.ok ? succeed(encoded.value.key) : sent;
    },
  });

  const tell = (reading: Reading, sequence: number | undefined) => {
    if (reading.kind !== "sorter") return context.emit(reading);
    ledger.note(reading);
    const { event, parcelIndex, chute } = reading;
    const isEnd = event === "confirm" || event === "lost";
    if (dialect.confirmsByEnd && isEnd && parcelIndex !== undefined)
      diverts.onEnd(parcelIndex, event === "confirm" ? (chute ?? null) : null);
    context.emit(sequence === undefined ? reading : { ...reading, sequence });
  };

  const { heartbeat } = dialect;
  const acknowledge = options.acknowledge === "listener" ? { acknowledge: acknowledgements.release } : {};
  return {
    commands: {
      divert: diverts.divert,
      queryDivert: async (parcelIndex) => {
        const state = ledger.query(parcelIndex);
        return state.ok
          ? state
          : fail(state.failure.code, { device: deviceId, parcelIndex }, state.failure.cause);
      },
      ...acknowledge,
    },
    readyOn: heartbeat ? "frame" : "open",
    onFrame: (frame) => {
      const { readings, answer, acknowledgement, outcome } = dialect.parse(frame);
      if (answer) context.write(answer);
      if (outcome) diverts.onAnswer(outcome.key, outcome.isAccepted);
      const isNews = acknowledgement === undefined || acknowledgements.isNews(acknowledgement.sequence);
      const waitsFor = options.acknowledge === "listener" ? acknowledgement?.sequence : undefined;
      if (isNews) for (const reading of readings) tell(reading, waitsFor);
      if (acknowledgement)
        acknowledgements.note(acknowledgement.sequence, acknowledgement.bytes, readings.length > 0);
    },
    ...(heartbeat
      ? {
          probe: {
            ask: () => {
              const question = heartbeat.ask();
              if (question) context.write(question);
            },
            idleMs: heartbeat.silenceMs / 2,
            answerMs: heartbeat.silenceMs / 2,
            isBusy: () => false,
          },
        }
      : {}),
  };
}

/** Events come again until they are acknowledged: each is told once, and a repeated one acknowledged again. */
function createAcknowledgements(context: SessionContext<CommonOptions>) {
  const waitsForListener = context.options.acknowledge === "listener";
  const seen = new Set<number>();
  const waiting = new Map<number, Uint8Array>();

  const remember = (sequence: number) => {
    seen.add(sequence);
    const oldest = seen.size > rememberedSequences ? seen.values().next().value : undefined;
    if (oldest !== undefined) seen.delete(oldest);
  };

  return {
    isNews: (sequence: number) => !seen.has(sequence),
    note: (sequence: number, bytes: Uint8Array, hasReadings: boolean) => {
      const isRepeated = seen.has(sequence);
      remember(sequence);
      if (!waitsForListener || !hasReadings || (isRepeated && !waiting.has(sequence)))
        return void context.write(bytes);
      if (isRepeated) return;
      waiting.set(sequence, bytes);
      const oldest = waiting.size > rememberedSequences ? waiting.keys().next().value : undefined;
      if (oldest !== undefined) waiting.delete(oldest);
    },
    /** Everything up to and including this event, in the order it came. */
    release: (through: number) => {
      if (!waiting.has(through)) return;
      for (const [sequence, bytes] of waiting) {
        context.write(bytes);
        waiting.delete(sequence);
        if (sequence === through) return;
      }
    },
  };
}
