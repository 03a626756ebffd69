import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exchangeFiles, type HostCommand, type ResultLine } from "../commands.ts";

/**
 * The host's side of the exchange folder: obeys the guest's questions in their order and hands on its result
 * lines. Looked at on a timer: the writer is QEMU, and a file is there or not, which needs no further protocol.
 */
export function serveExchange(
  folder: string,
  handlers: {
    readonly obey: (command: HostCommand) => Promise<void>;
    readonly onResult: (line: ResultLine) => void;
  },
) {
  let nextQuestion = 1;
  let readLength = 0;
  let busy = false;

  const obeyNext = async () => {
    const path = join(folder, exchangeFiles.question(nextQuestion));
    if (!existsSync(path)) return;
    const command: HostCommand = JSON.parse(readFileSync(path, "utf8"));
    const error = await handlers.obey(command).then(
      () => null,
      (cause: unknown) => String(cause),
    );
    const answer = join(folder, exchangeFiles.answer(nextQuestion));
    writeFileSync(`${answer}.part`, JSON.stringify({ error }));
    renameSync(`${answer}.part`, answer);
    nextQuestion += 1;
  };

  const readResults = () => {
    const path = join(folder, exchangeFiles.results);
    if (!existsSync(path)) return;
    const text = readFileSync(path, "utf8");
    const whole = text.lastIndexOf("\n") + 1;
    for (const line of text.slice(readLength, whole).split("\n")) {
      if (line === "") continue;
      const result: ResultLine = JSON.parse(line);
      handlers.onResult(result);
    }
    readLength = whole;
  };

  const timer = setInterval(() => {
    readResults();
    if (busy) return;
    busy = true;
    void obeyNext().finally(() => {
      busy = false;
    });
  }, 15);

  return {
    stop: () => {
      clearInterval(timer);
      readResults();
    },
  };
}
