import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

export type Delimiters = { readonly open: number; readonly close: number };

export const stxEtx: Delimiters = { open: 0x02, close: 0x03 };
export const quotes: Delimiters = { open: 0x22, close: 0x22 };

/** Line ends and padding between frames are no news. */
const silentBetweenFrames = new Set([0x00, 0x0a, 0x0d, 0x20]);

/**
 * STX ... ETX and the like; several pairs may share one stream. A control byte that opens a frame cannot be
 * data: inside a frame it means the rest was lost, so the old frame is refused and a new one begins.
 */
export function createDelimitedFramer(settings: {
  readonly pairs: readonly Delimiters[];
  readonly limitBytes: number;
}): Framer {
  const { pairs, limitBytes } = settings;
  const buffer = createFrameBuffer(limitBytes);
  let inside: Delimiters | null = null;
  let strayBytes = 0;

  const reportStray = (sink: FrameSink) => {
    if (strayBytes > 0) sink.onRefused(`${strayBytes} bytes outside a frame`);
    strayBytes = 0;
  };

  const pushOutside = (byte: number, sink: FrameSink) => {
    const opened = pairs.find((pair) => pair.open === byte);
    if (opened) {
      reportStray(sink);
      inside = opened;
      return;
    }
    if (!silentBetweenFrames.has(byte)) strayBytes += 1;
    if (strayBytes === limitBytes) reportStray(sink);
  };

  const pushInside = (byte: number, pair: Delimiters, sink: FrameSink) => {
    if (byte === pair.close) {
      inside = null;
      sink.onFrame(buffer.take());
      return;
    }
    const reopened = byte < 0x20 ? pairs.find((other) => other.open === byte) : undefined;
    if (reopened) {
      buffer.clear();
      inside = reopened;
      sink.onRefused("frame cut short");
    } else if (!buffer.append(byte)) {
      buffer.clear();
      inside = null;
      sink.onRefused(`frame longer than ${limitBytes} bytes`);
    }
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) {
        if (inside) pushInside(byte, inside, sink);
        else pushOutside(byte, sink);
      }
    },
    reset: () => {
      buffer.clear();
      inside = null;
      strayBytes = 0;
    },
    heldBytes: buffer.length,
  };
}
