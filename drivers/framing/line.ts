import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

/** "cr" also swallows one line feed right behind it: many devices can be set to either. */
export type LineTerminator = "cr" | "lf" | "crlf";

const CR = 0x0d;
const LF = 0x0a;

/** Lines without their terminator; empty lines are dropped. A line over the limit is refused up to its end. */
export function createLineFramer(settings: {
  readonly terminator: LineTerminator;
  readonly limitBytes: number;
}): Framer {
  const { terminator, limitBytes } = settings;
  // room for the CR of a CRLF that ends a line of exactly the limit
  const buffer = createFrameBuffer(limitBytes + 1);
  let skipping = false;
  let previous = 0;

  const endLine = (sink: FrameSink) => {
    const line = buffer.take();
    const tooLong = skipping || line.length > limitBytes;
    skipping = false;
    if (tooLong) sink.onRefused(`line longer than ${limitBytes} bytes`);
    else if (line.length > 0) sink.onFrame(line);
  };

  const pushByte = (byte: number, sink: FrameSink) => {
    const last = previous;
    previous = byte;
    if (terminator === "cr" && byte === LF && last === CR) return;
    if (byte === CR && terminator === "cr") return endLine(sink);
    if (byte === LF && terminator === "lf") return endLine(sink);
    if (byte === LF && terminator === "crlf" && last === CR) {
      buffer.dropLast();
      return endLine(sink);
    }
    if (!buffer.append(byte)) {
      buffer.clear();
      skipping = true;
    }
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) pushByte(byte, sink);
    },
    reset: () => {
      buffer.clear();
      skipping = false;
      previous = 0;
    },
    heldBytes: buffer.length,
  };
}
