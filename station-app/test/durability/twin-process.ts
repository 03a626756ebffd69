import { type Child, startChild } from "./child-process.ts";

export type TwinMessage = Readonly<Record<string, unknown>> & { readonly event: string };
export type TwinProcess = Pick<Child, "ended" | "terminate"> & {
  readonly port: number;
  readonly ask: (command: {
    readonly command: string;
    readonly [detail: string]: unknown;
  }) => Promise<TwinMessage>;
  /** Everything it said of its own accord, oldest first. */
  readonly events: readonly TwinMessage[];
};

/** The other end of a protocol, in a process that outlives every engine. */
export async function startTwinProcess(
  family: string,
  options: Readonly<Record<string, unknown>>,
): Promise<TwinProcess> {
  const events: TwinMessage[] = [];
  const waiting = new Map<number, (message: TwinMessage) => void>();
  const ready = Promise.withResolvers<number>();
  let asked = 0;
  const hear = (message: TwinMessage) => {
    const answer = typeof message.id === "number" ? waiting.get(message.id) : undefined;
    if (message.event === "ready") ready.resolve((message.connection as { port: number }).port);
    else if (answer === undefined) events.push(message);
    else {
      waiting.delete(Number(message.id));
      answer(message);
    }
  };
  const child = startChild(
    new URL("../../../drivers/twins/run-twin.ts", import.meta.url),
    JSON.stringify({ family, options }),
    {
      onLine: (message) => hear(message as TwinMessage),
    },
  );
  void child.ended.then((how) =>
    ready.reject(new Error(`the ${family} twin ended (${how}): ${child.stderr()}`)),
  );
  const port = await ready.promise;
  return {
    port,
    events,
    ended: child.ended,
    terminate: child.terminate,
    ask: (command) => {
      asked += 1;
      const id = asked;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
        child.send({ ...command, id });
      });
    },
  };
}
