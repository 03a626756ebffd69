import { fail } from "@waystation/shared/failures/result";
import type { Transport } from "../transport/transport.ts";
import type { Cancel, Clock } from "./clock.ts";
import type { Device, DeviceKind, DeviceListener, DeviceState } from "./device.ts";
import type { Commands, Family, Probe, Session } from "./family.ts";
import { superviseConnection } from "./supervise.ts";
import { withDevice } from "./with-device.ts";

export type RunInput<Kind extends DeviceKind, Options> = {
  readonly deviceId: string;
  readonly family: Family<Kind, Options>;
  readonly options: Options;
  /** In place of the session's own `idleMs`. */
  readonly quietMs?: number | undefined;
  readonly createTransport: () => Transport;
  readonly listener: DeviceListener;
  readonly clock: Clock;
  readonly random: () => number;
};

/** Supervisor, framer and session of one device, wired. Bytes become readings within the data event. */
export function runDevice<Kind extends DeviceKind, Options>(
  input: RunInput<Kind, Options>,
): Device & { readonly kind: Kind } & Commands<Kind> {
  const { deviceId, family, options, listener, clock } = input;
  const framer = family.createFramer(options);
  const state = createStateReporter(deviceId, listener);

  const supervisor = superviseConnection({
    createTransport: input.createTransport,
    clock,
    random: input.random,
    events: {
      onOpen: () => {
        framer.reset();
        if (session.readyOn === "open") state.report({ state: "ready" });
        session.onOpen?.();
        watchdog?.begin();
      },
      onData: (bytes) => framer.push(bytes, sink),
      onDown: (failure) => {
        watchdog?.end();
        state.report({ state: "faulted", failure: withDevice(failure, deviceId) });
        session.onDown?.(failure);
      },
    },
  });

  const session: Session<Kind> = family.createSession({
    deviceId,
    options,
    clock,
    isOpen: supervisor.isOpen,
    write: supervisor.write,
    bufferedBytes: supervisor.bufferedBytes,
    drop: supervisor.drop,
    emit: (reading) => listener.onReading(deviceId, reading, clock.nowMs()),
    reportHealth: (failure) => {
      if (!supervisor.isOpen()) return;
      state.report(
        failure ? { state: "faulted", failure: withDevice(failure, deviceId) } : { state: "ready" },
      );
    },
  });

  const { probe } = session;
  const watchdog = probe
    ? createWatchdog({ ...probe, idleMs: input.quietMs ?? probe.idleMs }, clock, () =>
        supervisor.drop(fail("device.silent").failure),
      )
    : null;

  const sink = {
    onFrame: (frame: Uint8Array) => {
      watchdog?.heard();
      if (session.readyOn === "frame") state.report({ state: "ready" });
      session.onFrame(frame);
    },
    onRefused: (reason: string) => {
      listener.onReading(deviceId, { kind: "refused", reason }, clock.nowMs());
      session.onRefused?.(reason);
    },
  };

  return {
    ...session.commands,
    id: deviceId,
    kind: family.kind,
    state: state.current,
    start: supervisor.start,
    stop: async () => {
      watchdog?.end();
      await supervisor.stop();
      session.onDown?.(fail("device.disconnected", {}, "stopped").failure);
    },
  };
}

/** Tells only changes. A fault stays until the device is ready again; "connecting" never hides it. */
function createStateReporter(deviceId: string, listener: DeviceListener) {
  let current: DeviceState = { state: "connecting" };
  return {
    current: () => current,
    report: (next: DeviceState) => {
      const sameFault =
        next.state === "faulted" && current.state === "faulted" && next.failure.code === current.failure.code;
      if (sameFault || (next.state !== "faulted" && next.state === current.state)) return;
      current = next;
      listener.onState(deviceId, next);
    },
  };
}

/** Asks when nothing was heard for idleMs; drops the line when the answer stays out. */
function createWatchdog(probe: Probe, clock: Clock, onSilent: () => void) {
  let heardAtMs = 0;
  let askedAtMs: number | null = null;
  let cancel: Cancel = () => undefined;

  const ask = () => {
    askedAtMs = clock.nowMs();
    probe.ask();
    cancel = clock.after(probe.answerMs, look);
  };

  const look = () => {
    const quietMs = clock.nowMs() - heardAtMs;
    if (probe.isBusy()) askedAtMs = null;
    else if (askedAtMs !== null && heardAtMs < askedAtMs) return onSilent();
    else if (quietMs >= probe.idleMs) return ask();
    cancel = clock.after(Math.max(50, probe.idleMs - quietMs), look);
  };

  return {
    begin: () => {
      heardAtMs = clock.nowMs() - 1;
      ask();
    },
    heard: () => {
      heardAtMs = clock.nowMs();
    },
    end: () => cancel(),
  };
}
