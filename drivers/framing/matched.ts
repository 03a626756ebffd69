import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

/** "more": it may yet become a frame. "none": no frame begins here. A number: the length of the frame it begins with. */
export type Match = "more" | "none" | number;

/**
 * For frames that neither a terminator nor a header delimits alone. `match` sees what has been received, from the
 * first byte that could begin a frame; where none begins, one byte is skipped and the next tried.
 */
export function createMatchedFramer(settings: {
  readonly match: (held: Uint8Array) => Match;
  readonly limitBytes: number;
  /** So many skipped bytes in a row are no news: a line feed, or a checksum nobody asked for. */
  readonly quietBytes?: number;
}): Framer {
  const { match, limitBytes, quietBytes = 0 } = settings;
  const buffer = createFrameBuffer(limitBytes);
  let skippedBytes = 0;

  const reportSkipped = (sink: FrameSink) => {
    if (skippedBytes > quietBytes) sink.onRefused(`${skippedBytes} bytes outside a frame`);
    skippedBytes = 0;
  };

  const takeFrame = (lengthBytes: number, sink: FrameSink) => {
    const frame = buffer.view().slice(0, lengthBytes);
    buffer.dropFirst(lengthBytes);
    reportSkipped(sink);
    sink.onFrame(frame);
  };

  const look = (sink: FrameSink) => {
    while (buffer.length() > 0) {
      const found = match(buffer.view());
      if (found === "more" && buffer.length() < limitBytes) return;
      if (typeof found === "number") takeFrame(found, sink);
      else {
        buffer.dropFirst(1);
        skippedBytes += 1;
        if (skippedBytes === limitBytes) reportSkipped(sink);
      }
    }
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) {
        buffer.append(byte);
        look(sink);
      }
    },
    reset: () => {
      buffer.clear();
      skippedBytes = 0;
    },
    heldBytes: buffer.length,
  };
}
