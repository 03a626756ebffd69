import type { Failure, Result } from "@waystation/shared/failures/result";

export type TransportEvents = {
  /** Synchronous, straight from the data event. The bytes may be kept only after copying. */
  readonly onData: (bytes: Uint8Array) => void;
  /** Exactly once after a successful open, however the line ended; never after close() was called. */
  readonly onClose: (failure: Failure) => void;
};

/**
 * One connection, used once: a new attempt gets a new transport, so nothing of the old line can leak into it.
 * What a library throws becomes a Failure here and nowhere else.
 */
export type Transport = {
  readonly open: (events: TransportEvents) => Promise<Result<null>>;
  /** Hands the bytes to the operating system in this very tick; device.queue-full past the buffer's limit. */
  readonly write: (bytes: Uint8Array) => Result<null>;
  readonly bufferedBytes: () => number;
  /** A cheap look whether the line still exists, for lines that can vanish without a close event. */
  readonly check?: () => Promise<Failure | null>;
  /** Never rejects; resolves when the line is free for the next connection. */
  readonly close: () => Promise<void>;
};

/** Largest amount waiting to be sent; a label is far smaller, a runaway writer stops here. */
export const writeBufferLimitBytes = 8 * 1024 * 1024;
