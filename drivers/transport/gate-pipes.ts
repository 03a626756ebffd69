import { once } from "node:events";
import { request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import type { Pipe } from "./pipe.ts";

const retryMs = 50;

/** A port nobody listens on just now, for the station to listen on. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address ? address.port : 0;
}

/** A gate that calls the station, and calls again whenever the call has ended. */
export async function openCallingPipe(
  onData: (bytes: Uint8Array) => void,
  settings: { readonly port: number },
): Promise<Pipe> {
  const port = settings.port || (await findFreePort());
  let socket: Socket | null = null;
  let isConnected = false;
  let timer: NodeJS.Timeout | undefined;

  const call = () => {
    const caller = connect({ port, host: "127.0.0.1", noDelay: true });
    socket = caller;
    caller.on("error", () => undefined);
    caller.on("data", onData);
    caller.on("connect", () => {
      isConnected = true;
    });
    caller.on("close", () => {
      isConnected = false;
      if (socket === caller) timer = setTimeout(call, retryMs);
    });
  };
  const cut = async () => {
    clearTimeout(timer);
    const ended = socket;
    socket = null;
    if (!ended || ended.closed) return;
    const closed = once(ended, "close");
    ended.destroy();
    await closed;
  };

  call();
  return {
    connection: { type: "tcp-server", host: "127.0.0.1", port },
    send: (bytes) => {
      if (isConnected) socket?.write(bytes);
    },
    cut,
    plug: async () => {
      if (socket === null) call();
    },
    clients: () => (isConnected ? 1 : 0),
    stop: cut,
  };
}

/** A gate that posts each telegram, in their order, again and again until somebody answers. */
export async function openPostingPipe(settings: {
  readonly port: number;
  readonly path: string;
  readonly token: string | undefined;
}): Promise<Pipe & { readonly answers: () => readonly number[] }> {
  const { path, token } = settings;
  const port = settings.port || (await findFreePort());
  const waiting: Uint8Array[] = [];
  const answers: number[] = [];
  let isPlugged = true;
  let isPosting = false;

  const work = async () => {
    if (isPosting) return;
    isPosting = true;
    for (let body = waiting[0]; isPlugged && body !== undefined; body = waiting[0]) {
      const status = await post({ port, path, token, body });
      if (status === null) await new Promise((resolve) => setTimeout(resolve, retryMs));
      else {
        answers.push(status);
        waiting.shift();
      }
    }
    isPosting = false;
  };
  const cut = async () => {
    isPlugged = false;
  };

  const auth = token === undefined ? {} : { token };
  return {
    connection: { type: "http-push", host: "127.0.0.1", port, path, ...auth },
    send: (bytes) => {
      waiting.push(Uint8Array.from(bytes));
      void work();
    },
    cut,
    plug: async () => {
      isPlugged = true;
      void work();
    },
    clients: () => 1,
    stop: cut,
    answers: () => answers,
  };
}

/** The status of the answer, null where nobody answered. */
export function post(input: {
  readonly port: number;
  readonly path: string;
  readonly token?: string | undefined;
  readonly body: Uint8Array;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}): Promise<number | null> {
  const { port, path, token, body, method = "POST" } = input;
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...input.headers,
    };
    const posted = request({ host: "127.0.0.1", port, path, method, headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    posted.on("error", () => resolve(null));
    posted.end(body);
  });
}
