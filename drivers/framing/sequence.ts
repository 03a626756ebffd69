import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

/**
 * Frames between two pairs of control bytes, e.g. SOH STX ... ETX EOT, and single control bytes of a handshake.
 * A checksum may look like any control byte; only the whole pair ends a frame or begins another one.
 */
export function createSequenceFramer(settings: {
  readonly open: readonly [number, number];
  readonly close: readonly [number, number];
  /** Bytes that are a frame of their own outside of frames, e.g. ACK. */
  readonly singles: readonly number[];
  readonly limitBytes: number;
}): Framer {
  const { open, close, singles, limitBytes } = settings;
  // both closing bytes pass through the buffer
  const buffer = createFrameBuffer(limitBytes + 2);
  let inside = false;
  let previous: number | null = null;
  let strayBytes = 0;

  const reportStray = (sink: FrameSink) => {
    if (strayBytes > 0) sink.onRefused(`${strayBytes} bytes outside a frame`);
    strayBytes = 0;
  };
  const isPair = (byte: number, pair: readonly [number, number]) => previous === pair[0] && byte === pair[1];

  const pushOutside = (byte: number, sink: FrameSink) => {
    if (isPair(byte, open)) {
      strayBytes -= 1;
      reportStray(sink);
      inside = true;
    } else if (singles.includes(byte)) {
      reportStray(sink);
      sink.onFrame(Uint8Array.of(byte));
    } else {
      strayBytes += 1;
      // the last byte may yet open a frame
      if (strayBytes === limitBytes && byte !== open[0]) reportStray(sink);
    }
  };

  const pushInside = (byte: number, sink: FrameSink) => {
    if (isPair(byte, open)) {
      buffer.clear();
      sink.onRefused("frame cut short");
    } else if (!buffer.append(byte)) {
      buffer.clear();
      inside = false;
      sink.onRefused(`frame longer than ${limitBytes} bytes`);
    } else if (isPair(byte, close)) {
      buffer.dropLast();
      buffer.dropLast();
      inside = false;
      sink.onFrame(buffer.take());
    }
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) {
        if (inside) pushInside(byte, sink);
        else pushOutside(byte, sink);
        previous = byte;
      }
    },
    reset: () => {
      buffer.clear();
      inside = false;
      previous = null;
      strayBytes = 0;
    },
    heldBytes: buffer.length,
  };
}
