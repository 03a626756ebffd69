const heldLimit = 200;
const variableQuery = /^! U1 getvar "([^"\r\n]*)"\r\n/;
const variableStart = '! U1 getvar "';

/**
 * Parts what a printer receives: immediate questions (~HS, ~HQES, ~JA, getvar) are answered where they stand, all else
 * is the job, byte for byte. `push` returns the questions: "~HS", "~HQES" or a variable's name.
 */
export function createPrinterStream(events: {
  readonly onFormat: (bytes: Uint8Array) => void;
  readonly onJob: (bytes: Uint8Array) => void;
  readonly onCancel: () => void;
}) {
  let held = "";
  let job: string[] = [];
  let format = "";
  let swallowLineEnd = "";

  const addToJob = (text: string) => {
    if (text.length === 0) return;
    job.push(text);
    format += text;
    for (let end = format.indexOf("^XZ"); end >= 0; end = format.indexOf("^XZ")) {
      events.onFormat(toBytes(format.slice(0, end + 3)));
      format = format.slice(end + 3);
    }
  };

  const endJob = () => {
    const whole = job.join("");
    job = [];
    if (whole.length > 0) events.onJob(toBytes(whole));
  };

  /** A question at the very start of `held`; null: none; "more": it may become one. */
  const takeQuestion = (): string | null => {
    for (const command of ["~HS", "~HQES", "~JA"]) {
      if (held.startsWith(command)) {
        held = held.slice(command.length);
        swallowLineEnd = "\r\n";
        return command;
      }
      if (command.startsWith(held)) return "more";
    }
    const variable = variableQuery.exec(held);
    if (variable) {
      held = held.slice(variable[0].length);
      return variable[1] ?? "";
    }
    const mayGrow = held.length < heldLimit && !held.includes("\n");
    const isStart = held.startsWith(variableStart) || variableStart.startsWith(held);
    return mayGrow && isStart ? "more" : null;
  };

  const skipLineEnd = () => {
    while (held.length > 0 && swallowLineEnd.length > 0) {
      const isEnd = held.startsWith(swallowLineEnd.charAt(0));
      swallowLineEnd = isEnd ? swallowLineEnd.slice(1) : "";
      if (isEnd) held = held.slice(1);
    }
  };

  const push = (bytes: Uint8Array): string[] => {
    const questions: string[] = [];
    held += Buffer.from(bytes).toString("latin1");
    skipLineEnd();
    while (held.length > 0) {
      const at = held.search(/[~!]/);
      addToJob(at < 0 ? held : held.slice(0, at));
      held = at < 0 ? "" : held.slice(at);
      if (held.length === 0) break;
      const question = takeQuestion();
      if (question === "more") break;
      if (question === null) {
        addToJob(held.charAt(0));
        held = held.slice(1);
        continue;
      }
      endJob();
      if (question === "~JA") {
        format = "";
        events.onCancel();
      } else questions.push(question);
      skipLineEnd();
    }
    return questions;
  };

  return { push, endJob, hasPartialFormat: () => format.includes("^XA") };
}

const toBytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
