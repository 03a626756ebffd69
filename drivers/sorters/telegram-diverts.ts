import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { Cancel, Clock } from "../kit/clock.ts";
import type { DivertCommand } from "../kit/device.ts";
import { withDevice } from "../kit/with-device.ts";
import { createGivenCommands } from "./given-commands.ts";
import type { ParcelLedger } from "./parcel-ledger.ts";

type Echo = Result<{ readonly echoed: true }>;
type Sent = {
  readonly command: DivertCommand;
  readonly key: string;
  readonly finish: (echo: Echo) => void;
};

const maximumOut = 64;

/**
 * Commands of telegram sorters: each leaves at once and once. `key` is what the sorter's answer bears: a sequence
 * number, or the parcel where the protocol has no acknowledgement and only the parcel's end confirms.
 */
export function createTelegramDiverts(deps: {
  readonly deviceId: string;
  readonly clock: Clock;
  readonly chutes: ReadonlySet<number> | null;
  readonly answerTimeoutMs: number;
  readonly ledger: ParcelLedger;
  readonly isReady: () => boolean;
  /** The key of what was sent. */
  readonly send: (command: DivertCommand) => Result<string>;
}) {
  const { deviceId, ledger } = deps;
  const given = createGivenCommands<Echo>();
  const out = new Map<string, Sent & { readonly cancelTimeout: Cancel }>();

  const finish = (key: string, echo: Echo) => {
    const sent = out.get(key);
    out.delete(key);
    sent?.cancelTimeout();
    sent?.finish(echo);
  };

  const unconfirmed = (parcelIndex: number, cause?: string) =>
    fail("sorter.unconfirmed", { device: deviceId, parcelIndex }, cause);

  /** Why this command is not sent. Without a field for it the sorter cannot keep the deadline: the station does. */
  const refuse = ({ chute, parcelIndex, deadlineMs }: DivertCommand): Failure | null => {
    const isPossible = deps.chutes ? deps.chutes.has(chute) : Number.isInteger(chute) && chute > 0;
    if (!isPossible) return fail("sorter.chute-unknown", { device: deviceId, chute }).failure;
    if (!deps.isReady()) return fail("device.disconnected", { device: deviceId }).failure;
    const ageMs = ledger.ageMs(parcelIndex);
    if (ageMs !== null && ageMs >= deadlineMs)
      return fail("sorter.late", { device: deviceId, parcelIndex }).failure;
    if (out.size < maximumOut) return null;
    return fail("device.queue-full", { device: deviceId, limit: maximumOut }).failure;
  };

  return {
    divert: (command: DivertCommand): Promise<Echo> => {
      const known = given.find(command.commandId);
      if (known) return known;
      const failure = refuse(command);
      if (failure) return Promise.resolve({ ok: false, failure });
      const sent = deps.send(command);
      if (!sent.ok) return Promise.resolve({ ok: false, failure: withDevice(sent.failure, deviceId) });
      const key = sent.value;
      finish(key, unconfirmed(command.parcelIndex, "another command took its place"));
      ledger.noteAsked(command.parcelIndex);
      const { promise, resolve } = Promise.withResolvers<Echo>();
      given.remember(command.commandId, promise);
      const giveUp = () => finish(key, unconfirmed(command.parcelIndex));
      out.set(key, {
        command,
        key,
        finish: resolve,
        cancelTimeout: deps.clock.after(deps.answerTimeoutMs, giveUp),
      });
      return promise;
    },
    /** The sorter's own acknowledgement. */
    onAnswer: (key: string, isAccepted: boolean) => {
      const sent = out.get(key);
      if (!sent) return;
      const { parcelIndex, chute } = sent.command;
      if (isAccepted) ledger.noteAssigned(parcelIndex, chute);
      finish(key, isAccepted ? succeed({ echoed: true }) : unconfirmed(parcelIndex, "the sorter refused it"));
    },
    /** The parcel's end answers as well, for protocols without an acknowledgement. null: lost. */
    onEnd: (parcelIndex: number, chute: number | null) => {
      for (const { command, key } of [...out.values()]) {
        if (command.parcelIndex !== parcelIndex) continue;
        const isThere = chute === command.chute;
        const where = chute === null ? "the parcel was lost" : `the parcel went to chute ${chute}`;
        finish(key, isThere ? succeed({ echoed: true }) : unconfirmed(parcelIndex, where));
      }
    },
  };
}
