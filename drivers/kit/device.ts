import type { Failure, Result } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";

/** The five kinds of device; what the engine asks of each is below and nothing more. */
export type DeviceKind = "scale" | "scanner" | "dimensioner" | "printer" | "sorter";

/** A typed state, never a string to be searched. `failure` says what to do about it. */
export type DeviceState =
  | { readonly state: "connecting" }
  | { readonly state: "ready" }
  | { readonly state: "faulted"; readonly failure: Failure };

/**
 * Callbacks run synchronously from the transport's data event: on the hot path nothing may be awaited
 * between the last byte of a frame and its reading.
 */
export type DeviceListener = {
  readonly onReading: (deviceId: string, reading: Reading, atMs: number) => void;
  readonly onState: (deviceId: string, state: DeviceState) => void;
};

export type Device = {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly state: () => DeviceState;
  /** Begins connecting and keeps the connection alive until stop(); never rejects, never throws. */
  readonly start: () => void;
  readonly stop: () => Promise<void>;
};

export type Scale = Device & {
  readonly kind: "scale";
  /** Asks for one stable weight taken after this call; an older reading never answers it. */
  readonly requestWeight: (timeoutMs: number) => Promise<Result<number>>;
};

export type Scanner = Device & { readonly kind: "scanner" };
export type Dimensioner = Device & { readonly kind: "dimensioner" };

export type PrintOutcome =
  /** The printer confirmed: idle again and, where it has an odometer, one label further. */
  | { readonly outcome: "printed"; readonly odometer: number | null }
  /** Surely nothing came out: no byte was sent, or the odometer proves it. */
  | { readonly outcome: "failed"; readonly failure: Failure }
  /** Bytes were sent and nobody can tell: never print again without a person. */
  | { readonly outcome: "unknown"; readonly failure: Failure };

export type PrintJob = {
  readonly jobId: string;
  readonly bytes: Uint8Array;
  readonly timeoutMs: number;
  /** How many labels the bytes give; absent: counted from the bytes. */
  readonly labels?: number;
};

export type UnresolvedJob = {
  readonly jobId: string;
  /** Read before the job's first byte; null: it was not known, and nothing can be proven. */
  readonly odometerBefore: number | null;
  readonly timeoutMs: number;
  /** Default 1. */
  readonly labels?: number;
};

export type Printer = Device & {
  readonly kind: "printer";
  /** One job at a time: a second call while one is out resolves "failed" with device.queue-full. */
  readonly print: (job: PrintJob) => Promise<PrintOutcome>;
  /**
   * Labels printed in the printer's life, or null where it cannot tell; as the next job will find it, so not while one
   * waits in the printer. Fails with device.queue-full while a job is out, with printer.unconfirmed when the printer does
   * not come to rest in time.
   */
  readonly readOdometer: (timeoutMs: number) => Promise<Result<number | null>>;
  /** After a crash: waits until the printer is idle, then compares the odometer with the one before the job. */
  readonly resolveJob: (job: UnresolvedJob) => Promise<PrintOutcome>;
};

export type DivertCommand = {
  readonly commandId: string;
  readonly parcelIndex: number;
  readonly chute: number;
  /**
   * Milliseconds after the PLC saw the parcel's induction, kept by the PLC's own clock (the two share none).
   * An assignment arriving later is ignored there and the parcel runs to the reject lane.
   */
  readonly deadlineMs: number;
};

/** What the PLC itself says about one tracked parcel; read back, never assumed. */
export type DivertState =
  | { readonly state: "unknown-parcel" }
  | { readonly state: "unassigned" }
  | { readonly state: "assigned"; readonly chute: number }
  | { readonly state: "confirmed"; readonly chute: number }
  | { readonly state: "lost" };

export type Sorter = Device & {
  readonly kind: "sorter";
  /**
   * Writes the command synchronously (data, then sequence) and resolves when the PLC has echoed the sequence.
   * The chute the parcel really took arrives later as a `sorter` reading with event "confirm".
   * Never sends one command twice; without an echo it fails with sorter.unconfirmed.
   */
  readonly divert: (command: DivertCommand) => Promise<Result<{ readonly echoed: true }>>;
  readonly queryDivert: (parcelIndex: number, timeoutMs: number) => Promise<Result<DivertState>>;
  /**
   * There when the option `acknowledge` is "listener": the event with this `sequence` and all before it are
   * durable, so the sorter need not keep them. Until then it tells them again after a restart.
   */
  readonly acknowledge?: (through: number) => void;
};

export type AnyDevice = Scale | Scanner | Dimensioner | Printer | Sorter;
