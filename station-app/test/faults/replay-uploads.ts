import { connect, type Socket } from "node:net";
import type { Replay } from "./fault-plan.ts";

const uploadsBetween = 2;
const reversedAtOnce = 3;
const keptUploads = 8;
const answerWithinMs = 60_000;

export type ReplayDeps = {
  readonly target: { readonly host: string; readonly port: number };
  readonly watch: (socket: Socket) => void;
  readonly onReplay: (how: Replay) => void;
};

/** Remembers whole uploads and sends them again, each on a connection of its own. */
export function createReplayer({ target, watch, onReplay }: ReplayDeps) {
  const answers: Record<string, number> = {};
  let kept: { readonly bytes: Buffer; dueIn: number }[] = [];
  let reversing: Buffer[] | null = null;

  /** Nobody hears the answer, but it is counted. */
  function send(how: Replay, bytes: Buffer): void {
    onReplay(how);
    const cloud = connect({ ...target, noDelay: true });
    watch(cloud);
    cloud.setTimeout(answerWithinMs, () => cloud.destroy());
    cloud.write(bytes);
    cloud.once("data", (answer: Buffer) => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answer.toString("latin1"))?.[1] ?? "unreadable";
      answers[status] = (answers[status] ?? 0) + 1;
      cloud.destroy();
    });
  }

  function sendDue(): void {
    for (const upload of kept) upload.dueIn -= 1;
    const due = kept.filter(({ dueIn }) => dueIn <= 0);
    kept = kept.filter(({ dueIn }) => dueIn > 0).slice(-keptUploads);
    for (const { bytes } of due) send("later", bytes);
  }

  function collect(bytes: Buffer): void {
    if (reversing === null) return;
    reversing.push(bytes);
    if (reversing.length < reversedAtOnce) return;
    for (const one of reversing.toReversed()) send("reversed", one);
    reversing = null;
  }

  return {
    /** An upload passed by; `how` when it was planned to come again. False: it was too large to keep. */
    take(bytes: Buffer | null, how: Replay | null): boolean {
      sendDue();
      if (bytes === null) return false;
      collect(bytes);
      if (how === "at-once") send(how, bytes);
      else if (how === "later") kept.push({ bytes, dueIn: uploadsBetween });
      else if (how === "reversed") reversing = [bytes];
      return true;
    },
    left: (): number => kept.length + (reversing === null ? 0 : 1),
    answers: (): Readonly<Record<string, number>> => answers,
  };
}
export type Replayer = ReturnType<typeof createReplayer>;
