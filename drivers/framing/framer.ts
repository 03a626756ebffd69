/**
 * Bytes -> frames. Framers are pure state machines: no I/O, no clock, and they never hold more than their limit.
 * However the bytes were cut on the way, the same stream gives the same frames and refusals.
 */
export type FrameSink = {
  /** One frame without its delimiters. The array belongs to the receiver. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Bytes thrown away: too long, cut short or outside every frame. */
  readonly onRefused: (reason: string) => void;
};

export type Framer = {
  readonly push: (bytes: Uint8Array, sink: FrameSink) => void;
  /** Forgets a half-received frame; called at every new connection. */
  readonly reset: () => void;
  readonly heldBytes: () => number;
};

/** Holds one growing frame, never more than `limitBytes`. */
export function createFrameBuffer(limitBytes: number) {
  const held = new Uint8Array(limitBytes);
  let length = 0;
  return {
    length: () => length,
    /** false: the byte does not fit any more. */
    append: (byte: number): boolean => {
      if (length === limitBytes) return false;
      held[length] = byte;
      length += 1;
      return true;
    },
    /** As many of the bytes as fit; returns how many those are. */
    appendAll: (bytes: Uint8Array): number => {
      const fitting = Math.min(bytes.length, limitBytes - length);
      held.set(fitting === bytes.length ? bytes : bytes.subarray(0, fitting), length);
      length += fitting;
      return fitting;
    },
    take: (): Uint8Array => {
      const frame = held.slice(0, length);
      length = 0;
      return frame;
    },
    clear: () => {
      length = 0;
    },
    /** A view, valid until the next append. */
    view: (): Uint8Array => held.subarray(0, length),
    dropLast: () => {
      length = Math.max(0, length - 1);
    },
    dropFirst: (count: number) => {
      held.copyWithin(0, count, length);
      length -= count;
    },
  };
}
