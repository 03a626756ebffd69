/** What stands at the head of the bytes a printer holds. */
export type Recognised =
  /** Answered where it stands, no part of a job. */
  | { readonly question: string; readonly length: number }
  /** A command of the job, with `dataBytes` raw bytes behind it. */
  | { readonly command: string; readonly length: number; readonly dataBytes?: number };

/** null: not one of ours, one byte further; "more": its end has not come yet. */
export type Recognise = (held: string, atLineStart: boolean) => Recognised | "more" | null;

/**
 * Parts what a printer receives into questions and the commands of jobs, however it was cut. Written for the twins
 * alone: the drivers never parse what they send this way.
 */
export function createCommandStream(events: {
  readonly recognise: Recognise;
  readonly onQuestion: (question: string) => void;
  readonly onCommand: (command: string) => void;
  readonly onJob: (bytes: Uint8Array) => void;
}) {
  let held = "";
  let job: string[] = [];
  let dataLeft = 0;
  let atLineStart = true;

  const take = (length: number): string => {
    const taken = held.slice(0, length);
    held = held.slice(length);
    return taken;
  };
  const endJob = () => {
    const whole = job.join("");
    job = [];
    if (whole.length > 0) events.onJob(Uint8Array.from(Buffer.from(whole, "latin1")));
  };
  const addToJob = (text: string) => {
    job.push(text);
    atLineStart = /[\r\n]$/.test(text);
  };

  /** false: more bytes are needed. */
  const step = (): boolean => {
    if (dataLeft > 0) {
      const data = take(dataLeft);
      dataLeft -= data.length;
      addToJob(data);
      return true;
    }
    const found = events.recognise(held, atLineStart);
    if (found === "more") return false;
    if (found === null) addToJob(take(1));
    else if ("question" in found) {
      take(found.length);
      endJob();
      events.onQuestion(found.question);
    } else {
      addToJob(take(found.length));
      dataLeft = found.dataBytes ?? 0;
      events.onCommand(found.command);
    }
    return true;
  };

  return {
    push: (bytes: Uint8Array) => {
      held += Buffer.from(bytes).toString("latin1");
      let goesOn = true;
      while (held.length > 0 && goesOn) goesOn = step();
    },
    /** The host is gone: what is held is a part of its job. */
    endJob: () => {
      addToJob(take(held.length));
      dataLeft = 0;
      atLineStart = true;
      endJob();
    },
  };
}

const longestLine = 300;

/** For languages of lines: the whole line once its end is there; a question may interrupt an unfinished one. */
export function recogniseLine(held: string): Recognised | "more" | null {
  const end = held.search(/[\r\n]/);
  if (end === 0) return null;
  if (end > 0) return { command: held.slice(0, end), length: end + 1 };
  return held.length > longestLine ? null : "more";
}

/** "more" while `held` may still become one of these. */
export function recogniseQuestion(held: string, questions: readonly string[]): Recognised | "more" | null {
  for (const question of questions) {
    if (held.startsWith(question)) return { question, length: question.length };
    if (question.startsWith(held)) return "more";
  }
  return null;
}
