import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, constants, existsSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection } from "./connection.ts";

/** The far end of a real line, as a twin holds it. Several clients may be connected to a TCP pipe. */
export type Pipe = {
  readonly connection: Connection;
  readonly send: (bytes: Uint8Array) => void;
  /** Pulls the cable; a serial node vanishes. plug() puts it back under the same address. */
  readonly cut: () => Promise<void>;
  readonly plug: () => Promise<void>;
  readonly clients: () => number;
  readonly stop: () => Promise<void>;
};

export type PipeEvents = {
  readonly onData: (bytes: Uint8Array, client: PipeClient) => void;
  readonly onOpen?: (client: PipeClient) => void;
  readonly onClose?: (client: PipeClient) => void;
};
export type PipeClient = { readonly send: (bytes: Uint8Array) => void };

/**
 * A serial device where the machine can make one (socat), else TCP with the same bytes. `path` and `port` keep the
 * address of an earlier start.
 */
export function openSerialPipe(
  events: PipeEvents,
  settings: { readonly path?: string | undefined; readonly port?: number } = {},
): Promise<Pipe> {
  const hasSocat = spawnSync("socat", ["-V"], { stdio: "ignore" }).status === 0;
  return hasSocat ? openPtyPipe(events, settings.path) : openTcpPipe(events, { port: settings.port ?? 0 });
}

export async function openTcpPipe(
  events: PipeEvents,
  settings: { readonly port?: number; readonly oneAtATime?: boolean } = {},
): Promise<Pipe> {
  const sockets = new Set<Socket>();
  const queue: Socket[] = [];
  const serve = (socket: Socket) => {
    const client: PipeClient = { send: (bytes) => socket.write(bytes) };
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      events.onClose?.(client);
      const next = queue.shift();
      if (next) serve(next);
    });
    socket.on("data", (bytes) => events.onData(bytes, client));
    events.onOpen?.(client);
  };
  const accept = (socket: Socket) => {
    socket.on("error", () => undefined);
    // a printer's port takes one host at a time: the next one waits unread until the first has gone
    if (settings.oneAtATime && sockets.size > 0) queue.push(socket);
    else serve(socket);
  };

  let server = createServer({ noDelay: true }, accept);
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  const port = await listen(settings.port ?? 0);

  const cut = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of [...queue.splice(0), ...sockets]) socket.destroy();
    await closed;
  };
  return {
    connection: { type: "tcp", host: "127.0.0.1", port },
    send: (bytes) => {
      for (const socket of sockets) socket.write(bytes);
    },
    cut,
    plug: async () => {
      if (server.listening) return;
      server = createServer({ noDelay: true }, accept);
      await listen(port);
    },
    clients: () => sockets.size,
    stop: cut,
  };
}

/** One pseudo terminal: socat holds its master and speaks with us over its own standard input and output. */
async function openPtyPipe(events: PipeEvents, wantedPath?: string): Promise<Pipe> {
  const folder = mkdtempSync(join(tmpdir(), "waystation-twin-"));
  const path = wantedPath ?? join(folder, "tty");
  // a twin that was killed could not take its link away
  rmSync(path, { force: true });
  let socat: ChildProcess | null = null;
  let heldLine: number | null = null;
  const client: PipeClient = { send: (bytes) => void socat?.stdin?.write(bytes) };

  const plug = async () => {
    if (socat !== null) return;
    const started = spawn("socat", [`PTY,link=${path},raw,echo=0`, "STDIO"], {
      stdio: ["pipe", "pipe", "ignore"],
    });
    socat = started;
    started.stdin.on("error", () => undefined);
    started.stdout.on("data", (bytes: Uint8Array) => events.onData(bytes, client));
    await waitFor(() => existsSync(path), 5000);
    // a terminal whose last reader leaves ends socat: the twin itself stays one of its readers
    heldLine = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  };

  const cut = async () => {
    const ended = socat;
    socat = null;
    if (ended && ended.exitCode === null && ended.signalCode === null) {
      const exited = new Promise<void>((resolve) => ended.once("exit", () => resolve()));
      ended.kill("SIGKILL");
      await exited;
    }
    if (heldLine !== null) closeSync(heldLine);
    heldLine = null;
    // a killed socat leaves its link behind, pointing nowhere
    rmSync(path, { force: true });
  };

  await plug();
  return {
    connection: { type: "serial", path },
    send: client.send,
    cut,
    plug,
    clients: () => (socat ? 1 : 0),
    stop: async () => {
      await cut();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function waitFor(condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error("the pseudo terminal did not appear");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
