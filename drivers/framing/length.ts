import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

/**
 * Frames whose length is fixed or told by their header. `frameLength` sees `headerBytes` bytes and returns the
 * whole frame's length, or null when this cannot be a header: then one byte is skipped and the next tried.
 */
export function createLengthFramer(settings: {
  readonly headerBytes: number;
  readonly frameLength: (header: Uint8Array) => number | null;
  readonly limitBytes: number;
}): Framer {
  const { headerBytes, frameLength, limitBytes } = settings;
  const buffer = createFrameBuffer(limitBytes);
  let skippedBytes = 0;
  let wantedBytes: number | null = null;

  const reportSkipped = (sink: FrameSink) => {
    if (skippedBytes > 0) sink.onRefused(`${skippedBytes} bytes outside a frame`);
    skippedBytes = 0;
  };

  /** Skips until the buffer starts with a plausible header or is too short to tell. */
  const findHeader = (sink: FrameSink) => {
    while (wantedBytes === null && buffer.length() >= headerBytes) {
      const length = frameLength(buffer.view().subarray(0, headerBytes));
      if (length !== null && length >= headerBytes && length <= limitBytes) {
        reportSkipped(sink);
        wantedBytes = length;
      } else {
        buffer.dropFirst(1);
        skippedBytes += 1;
        if (skippedBytes === limitBytes) reportSkipped(sink);
      }
    }
  };

  return {
    push: (bytes, sink) => {
      for (let read = 0; read < bytes.length; ) {
        // Never beyond what is known to belong to this frame: its header first, then the rest of it.
        const missing = (wantedBytes ?? headerBytes) - buffer.length();
        read += buffer.appendAll(bytes.subarray(read, read + missing));
        findHeader(sink);
        if (wantedBytes !== null && buffer.length() === wantedBytes) {
          wantedBytes = null;
          sink.onFrame(buffer.take());
        }
      }
    },
    reset: () => {
      buffer.clear();
      skippedBytes = 0;
      wantedBytes = null;
    },
    heldBytes: buffer.length,
  };
}

/** Every frame has the same length and begins with `start`, e.g. the 17 bytes of Toledo continuous. */
export function createFixedFramer(settings: {
  readonly lengthBytes: number;
  readonly start: number;
}): Framer {
  return createLengthFramer({
    headerBytes: 1,
    limitBytes: settings.lengthBytes,
    frameLength: (header) => (header[0] === settings.start ? settings.lengthBytes : null),
  });
}
