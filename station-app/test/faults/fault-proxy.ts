import { connect, createServer, type Server, type Socket } from "node:net";
import { createRandom } from "../durability/disk-model.ts";
import { createFaultLine } from "./fault-line.ts";
import { classify, createFaultPlan } from "./fault-plan.ts";
import { followRequests } from "./follow-requests.ts";
import { createReplayer } from "./replay-uploads.ts";

const longestMs = 60_000;
const socketLimit = 200;
const host = "127.0.0.1";

export type FaultProxy = Awaited<ReturnType<typeof openFaultProxy>>;
/** An upload whose last byte was handed on; it may be answered by the time somebody looks. */
export type UploadInFlight = { readonly sizeBytes: number; isAnswered: boolean };

/** Stands between a station and its cloud and spoils what it is told to, one request after the other; counts each. */
export async function openFaultProxy({ port, seed }: { readonly port: number; readonly seed: number }) {
  const random = createRandom(seed);
  const plan = createFaultPlan();
  const { sockets, watch } = watchSockets();
  const timers = createTimers();
  const waiting = new Set<(upload: UploadInFlight) => void>();
  const onReplay = (how: string): void => plan.count(`upload replay ${how}`);
  const replayer = createReplayer({ target: { host, port }, watch, onReplay });

  function couple(station: Socket): void {
    const cloud = connect({ host, port, noDelay: true, allowHalfOpen: true });
    watch(station);
    watch(cloud);
    const line = createFaultLine(station, cloud, { plan, random, later: timers.later });
    let upload: UploadInFlight | null = null;
    const requests = followRequests({
      begin: ({ path }) => {
        line.giveBack();
        line.begin(plan.take(classify(path)));
      },
      end: ({ path, sizeBytes, bytes }) => {
        if (classify(path) !== "upload") return;
        upload = { sizeBytes, isAnswered: false };
        for (const tell of waiting) tell(upload);
        waiting.clear();
        replayer.take(bytes, line.takeReplay());
      },
    });
    station.on("data", (bytes: Buffer) => {
      for (let rest = bytes; rest.length > 0; ) {
        const length = requests.take(rest);
        line.forward("up", rest.subarray(0, length));
        requests.settle();
        rest = rest.subarray(length);
      }
    });
    cloud.on("data", (bytes: Buffer) => {
      if (upload !== null) upload.isAnswered = true;
      line.answered();
      line.forward("down", bytes);
    });
    // A silent line is silent: that one side has gone is not told to the other.
    station.on("end", () => line.muted("up") || cloud.end());
    cloud.on("end", () => line.muted("down") || station.end());
    station.on("close", () => {
      line.giveBack();
      if (!line.muted("up")) cloud.destroy();
    });
    cloud.on("close", () => line.muted("down") || station.destroy());
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (station) => {
    if (sockets.size > socketLimit) station.resetAndDestroy();
    else couple(station);
  });
  return {
    url: `http://${host}:${await listen(server)}`,
    /** Each waits for the next request of its class, in this order. */
    plan: plan.add,
    left: (): number => plan.left() + replayer.left(),
    counts: plan.counts,
    replayAnswers: replayer.answers,
    nextUpload: (): Promise<UploadInFlight> => new Promise((resolve) => waiting.add(resolve)),
    stop: async (): Promise<void> => {
      timers.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function watchSockets() {
  const sockets = new Set<Socket>();
  const watch = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
  };
  return { sockets, watch };
}

function createTimers() {
  const timers = new Set<NodeJS.Timeout>();
  return {
    later(ms: number, act: () => void): void {
      const run = (): void => {
        timers.delete(timer);
        act();
      };
      const timer = setTimeout(run, Math.min(ms, longestMs));
      timers.add(timer);
    },
    stop(): void {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
