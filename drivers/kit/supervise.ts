import { fail, type Failure, type Result } from "@waystation/shared/failures/result";
import type { Transport } from "../transport/transport.ts";
import type { Cancel, Clock } from "./clock.ts";

/** A peer on the same site: trying again is cheap, and nobody should wait long after plugging it back in. */
const backoff = { firstMs: 100, maximumMs: 2000 };
const checkIntervalMs = 300;
const closeTimeoutMs = 2000;

export type Supervisor = {
  readonly start: () => void;
  readonly stop: () => Promise<void>;
  readonly isOpen: () => boolean;
  readonly write: (bytes: Uint8Array) => Result<null>;
  readonly bufferedBytes: () => number;
  /** Gives this connection up for a reason and begins the next attempt. */
  readonly drop: (failure: Failure) => void;
};

type SupervisorEvents = {
  readonly onOpen: () => void;
  readonly onData: (bytes: Uint8Array) => void;
  /** Also for an attempt that never opened. */
  readonly onDown: (failure: Failure) => void;
};

/**
 * Keeps one connection alive until stop(). States and their only ways out:
 *
 *   idle -start-> opening -opened-> open -closed | drop | check-> closing -> waiting -backoff-> opening
 *                 opening -refused-> waiting          any -stop-> stopped
 *
 * The wait doubles from 100 ms to 2 s, each time somewhere between half and the whole of it, and starts over
 * once the peer has said something.
 */
export function superviseConnection(deps: {
  readonly createTransport: () => Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: SupervisorEvents;
}): Supervisor {
  const { clock, events } = deps;
  let phase: "idle" | "opening" | "open" | "closing" | "waiting" | "stopped" = "idle";
  let transport: Transport | null = null;
  let failedAttempts = 0;
  let cancelTimer: Cancel = () => undefined;

  const attempt = () => {
    phase = "opening";
    const candidate = deps.createTransport();
    transport = candidate;
    const isCurrent = () => transport === candidate && phase === "open";
    const opened = candidate.open({
      onData: (bytes) => {
        if (!isCurrent()) return;
        failedAttempts = 0;
        events.onData(bytes);
      },
      onClose: (failure) => {
        if (isCurrent()) leave(candidate, failure);
      },
    });
    // bytes may arrive before this callback runs only on lines that are already open; none of ours does that
    void opened.then((result) => {
      if (phase !== "opening") return void candidate.close();
      if (!result.ok) return leave(candidate, result.failure);
      phase = "open";
      scheduleCheck(candidate);
      events.onOpen();
    });
  };

  const leave = (left: Transport, failure: Failure) => {
    phase = "closing";
    cancelTimer();
    events.onDown(failure);
    void closeBounded(left, clock).then(() => {
      if (phase !== "closing") return;
      phase = "waiting";
      cancelTimer = clock.after(nextDelayMs(), attempt);
    });
  };

  const nextDelayMs = () => {
    const ceilingMs = Math.min(backoff.maximumMs, backoff.firstMs * 2 ** Math.min(failedAttempts, 10));
    failedAttempts += 1;
    return ceilingMs * (0.5 + deps.random() / 2);
  };

  const scheduleCheck = (watched: Transport) => {
    if (!watched.check) return;
    cancelTimer = clock.after(checkIntervalMs, () => {
      void watched.check?.().then((failure) => {
        if (transport !== watched || phase !== "open") return;
        if (failure) leave(watched, failure);
        else scheduleCheck(watched);
      });
    });
  };

  return {
    start: () => {
      if (phase === "idle") attempt();
    },
    stop: async () => {
      phase = "stopped";
      cancelTimer();
      if (transport) await closeBounded(transport, clock);
    },
    isOpen: () => phase === "open",
    write: (bytes) => (phase === "open" && transport ? transport.write(bytes) : fail("device.disconnected")),
    bufferedBytes: () => transport?.bufferedBytes() ?? 0,
    drop: (failure) => {
      if (phase === "open" && transport) leave(transport, failure);
    },
  };
}

/** A close that never answers must not hold the next attempt for ever. */
function closeBounded(transport: Transport, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(closeTimeoutMs, resolve);
    void transport.close().then(() => {
      cancel();
      resolve();
    });
  });
}
