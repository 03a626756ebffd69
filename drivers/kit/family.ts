import type { Failure, Result } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import type { z } from "zod";
import type { Framer } from "../framing/framer.ts";
import type { Clock } from "./clock.ts";
import type { Device, Dimensioner, DeviceKind, Printer, Scale, Scanner, Sorter } from "./device.ts";

export type DeviceOfKind = {
  readonly scale: Scale;
  readonly scanner: Scanner;
  readonly dimensioner: Dimensioner;
  readonly printer: Printer;
  readonly sorter: Sorter;
};

/** What a kind can be asked beyond the life cycle every device has. */
export type Commands<Kind extends DeviceKind> = Omit<DeviceOfKind[Kind], keyof Device>;

/** A protocol: how its bytes are framed, what a frame says, and how one talks to it. One file each. */
export type Family<Kind extends DeviceKind, Options> = {
  readonly name: string;
  readonly kind: Kind;
  /** Everything that differs between models and sites, with defaults; unknown keys are errors. */
  readonly options: z.ZodType<Options>;
  readonly createFramer: (options: Options) => Framer;
  /** Frame -> readings without any conversation; what captures, splits and fuzz run over. */
  readonly createDecoder: (options: Options) => (frame: Uint8Array) => readonly Reading[];
  readonly createSession: (context: SessionContext<Options>) => Session<Kind>;
};

/** What a session may use. Nothing here waits: a write is on the wire when the call returns. */
export type SessionContext<Options> = {
  readonly deviceId: string;
  readonly options: Options;
  readonly clock: Clock;
  readonly isOpen: () => boolean;
  readonly write: (bytes: Uint8Array) => Result<null>;
  readonly bufferedBytes: () => number;
  /** Gives the connection up; the supervisor makes a new one. */
  readonly drop: (failure: Failure) => void;
  readonly emit: (reading: Reading) => void;
  /** null: the peer is well. Used by sessions that decide themselves when they are ready. */
  readonly reportHealth: (failure: Failure | null) => void;
};

/** The live conversation with one device; it outlives its connections. */
export type Session<Kind extends DeviceKind> = {
  readonly commands: Commands<Kind>;
  /** "open": a mute device, e.g. a scanner. "frame": its first words. "session": calls reportHealth itself. */
  readonly readyOn: "open" | "frame" | "session";
  /** A harmless question for a quiet line. No frame within answerMs: the peer is gone and the line is dropped. */
  readonly probe?: Probe;
  readonly onOpen?: () => void;
  readonly onFrame: (frame: Uint8Array) => void;
  /** Bytes were refused by the framer; the reading is already out. */
  readonly onRefused?: (reason: string) => void;
  readonly onDown?: (failure: Failure) => void;
};

export type Probe = {
  readonly ask: () => void;
  readonly idleMs: number;
  readonly answerMs: number;
  /** true while a command waits with a deadline of its own. */
  readonly isBusy: () => boolean;
};

/** For devices that only ever talk. */
export function createListeningSession(
  context: SessionContext<unknown>,
  decode: (frame: Uint8Array) => readonly Reading[],
) {
  return {
    commands: {},
    readyOn: "open",
    onFrame: (frame: Uint8Array) => {
      for (const reading of decode(frame)) context.emit(reading);
    },
  } as const;
}
