/** Where a start tells how far it is: one line that changes on a terminal, plain lines or JSON lines elsewhere. */
export type Progress = {
  /** Runs one step of the start and says how long it took. */
  readonly step: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  readonly say: (text: string) => void;
  /** Something a program would want to know: a JSON line with --json, else nothing. */
  readonly event: (event: { readonly event: string; readonly [detail: string]: unknown }) => void;
  /** The line that changes; elsewhere printed now and then. */
  readonly live: (text: string) => void;
};

type Output = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly write: (text: string) => unknown;
};

const plainEveryMs = 10_000;
const eraseLine = "\r\u001b[2K";

export function createProgress(
  output: Output,
  options: { readonly json: boolean; readonly nowMs?: () => number },
): Progress {
  const nowMs = options.nowMs ?? (() => performance.now());
  const seconds = (sinceMs: number) => `${((nowMs() - sinceMs) / 1000).toFixed(1)} s`;
  const timed = async <T>(
    work: () => Promise<T>,
    begin: () => void,
    end: (took: string) => void,
  ): Promise<T> => {
    const startedAt = nowMs();
    begin();
    const result = await work();
    end(seconds(startedAt));
    return result;
  };
  if (options.json) return createJsonProgress(output, timed);
  if (output.isTTY !== true) return createPlainProgress(output, timed, nowMs);
  return createTerminalProgress(output, timed);
}

type Timed = <T>(work: () => Promise<T>, begin: () => void, end: (took: string) => void) => Promise<T>;

function createJsonProgress(output: Output, timed: Timed): Progress {
  const event: Progress["event"] = (value) => void output.write(`${JSON.stringify(value)}\n`);
  return {
    step: (name, work) =>
      timed(
        work,
        () => {},
        (took) => event({ event: "step", name, took }),
      ),
    say: (text) => event({ event: "message", text }),
    event,
    live: () => {},
  };
}

function createPlainProgress(output: Output, timed: Timed, nowMs: () => number): Progress {
  const say = (text: string) => void output.write(`${text}\n`);
  let nextAt = 0;
  return {
    step: (name, work) =>
      timed(
        work,
        () => {},
        (took) => say(`${name}  ${took}`),
      ),
    say,
    event: () => {},
    live: (text) => {
      if (nowMs() < nextAt) return;
      nextAt = nowMs() + plainEveryMs;
      say(text);
    },
  };
}

function createTerminalProgress(output: Output, timed: Timed): Progress {
  let line = "";
  const draw = (text: string) => {
    line = text.slice(0, Math.max(20, (output.columns ?? 80) - 1));
    output.write(`${eraseLine}${line}`);
  };
  const say = (text: string) => {
    output.write(`${eraseLine}${text}\n${line}`);
  };
  return {
    step: (name, work) =>
      timed(
        work,
        () => draw(`${name} ...`),
        (took) => {
          line = "";
          say(`${name}  ${took}`);
        },
      ),
    say,
    event: () => {},
    live: draw,
  };
}
