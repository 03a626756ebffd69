import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { Cancel, Clock } from "./clock.ts";

/**
 * One kind of question with one answer on the way at a time. Who asks while an answer is awaited shares it.
 * An answer that stays out for `silenceMs` makes `onSilent` give the line up: only a new line is sure not to
 * deliver the old answer to the next question.
 */
export function createQuestion<Answer>(deps: {
  readonly clock: Clock;
  readonly silenceMs: number;
  readonly send: () => Result<null>;
  readonly onSilent: (failure: Failure) => void;
}) {
  let waiters: ((result: Result<Answer>) => void)[] = [];
  let awaiting = false;
  let cancelSilence: Cancel = () => undefined;

  const settle = (result: Result<Answer>) => {
    cancelSilence();
    awaiting = false;
    const settled = waiters;
    waiters = [];
    for (const resolve of settled) resolve(result);
  };

  const send = (): Result<null> => {
    const sent = deps.send();
    awaiting = sent.ok;
    if (sent.ok) {
      cancelSilence = deps.clock.after(deps.silenceMs, () => deps.onSilent(fail("device.silent").failure));
    }
    return sent;
  };

  return {
    ask: (timeoutMs: number) =>
      new Promise<Result<Answer>>((resolve) => {
        const sent = awaiting ? succeed(null) : send();
        if (!sent.ok) return resolve(sent);
        const cancel = deps.clock.after(timeoutMs, () => {
          waiters = waiters.filter((other) => other !== waiter);
          resolve(fail("device.silent"));
        });
        const waiter = (result: Result<Answer>) => {
          cancel();
          resolve(result);
        };
        waiters.push(waiter);
      }),
    answer: (value: Answer) => settle(succeed(value)),
    abandon: (failure: Failure) => settle({ ok: false, failure }),
  };
}
