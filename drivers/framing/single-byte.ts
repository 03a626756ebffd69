import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

/**
 * For answers of one byte each, which nothing frames: every byte is a frame. What begins with `opens` is longer: a
 * fixed number of bytes, or up to a closing byte.
 */
export type LongReply =
  | { readonly opens: number; readonly lengthBytes: number }
  | { readonly opens: number; readonly closes: number };

export function createSingleByteFramer(settings: {
  readonly longReplies?: readonly LongReply[];
  readonly limitBytes?: number;
}): Framer {
  const { longReplies = [], limitBytes = 256 } = settings;
  const buffer = createFrameBuffer(limitBytes);
  let inside: LongReply | null = null;

  const isComplete = (reply: LongReply, byte: number): boolean =>
    "closes" in reply ? byte === reply.closes && buffer.length() > 1 : buffer.length() === reply.lengthBytes;

  const finish = (reply: LongReply, byte: number, sink: FrameSink) => {
    if (isComplete(reply, byte)) {
      inside = null;
      sink.onFrame(buffer.take());
    } else if (buffer.length() === limitBytes) {
      inside = null;
      buffer.clear();
      sink.onRefused(`reply longer than ${limitBytes} bytes`);
    }
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) {
        // between quotes stands text: a control byte there is an answer, and the quote before it was noise
        if (inside !== null && isQuoted(inside) && byte < 0x20) {
          inside = null;
          buffer.clear();
          sink.onRefused("reply cut short");
        }
        inside ??= longReplies.find(({ opens }) => opens === byte) ?? null;
        if (inside === null) sink.onFrame(Uint8Array.of(byte));
        else {
          buffer.append(byte);
          finish(inside, byte, sink);
        }
      }
    },
    reset: () => {
      inside = null;
      buffer.clear();
    },
    heldBytes: buffer.length,
  };
}

const isQuoted = (reply: LongReply): boolean => "closes" in reply && reply.opens === reply.closes;
