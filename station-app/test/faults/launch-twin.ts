import type { TwinMessage, TwinProcess } from "../durability/twin-process.ts";
import { launch, type LaunchOptions, type Launched } from "./launch.ts";

export type LaunchedTwin = TwinProcess & { readonly process: Launched };

const runTwin = new URL("../../../drivers/twins/run-twin.ts", import.meta.url);

/** A twin that can stand still, or sit in a network of its own; asked and told over its pipes, whatever its network is. */
export async function launchTwin(
  family: string,
  options: Readonly<Record<string, unknown>>,
  where: Pick<LaunchOptions, "within"> = {},
): Promise<LaunchedTwin> {
  const events: TwinMessage[] = [];
  const waiting = new Map<unknown, (message: TwinMessage) => void>();
  const ready = Promise.withResolvers<number>();
  let asked = 0;
  const hear = (message: TwinMessage): void => {
    if (message.event === "ready") return ready.resolve((message.connection as { port: number }).port);
    const answer = waiting.get(message.id);
    waiting.delete(message.id);
    if (answer === undefined) events.push(message);
    else answer(message);
  };
  const process = launch(runTwin, [JSON.stringify({ family, options })], {
    ...where,
    onLine: (line) => hear(line as TwinMessage),
  });
  void process.ended.then((how) =>
    ready.reject(new Error(`the ${family} twin ended (${how}): ${process.words()}`)),
  );
  return {
    process,
    events,
    port: await ready.promise,
    ended: process.ended,
    terminate: () => process.signal("SIGTERM"),
    ask: (command) => {
      asked += 1;
      const id = asked;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        process.send({ ...command, id });
      });
    },
  };
}
