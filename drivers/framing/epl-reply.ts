import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

const ACK = 0x06;
const NAK = 0x15;
const XON = 0x11;
const XOFF = 0x13;
const letterP = 0x50;
const limitBytes = 128;

/**
 * Three kinds of answers share the line of an EPL printer: lines (`00` CR LF), a lone ACK, and NAK with two digits
 * and no end of its own. XON and XOFF end what stands before them and say nothing else. Frames keep their NAK.
 */
export function createEplReplyFramer(): Framer {
  const buffer = createFrameBuffer(limitBytes);

  const refuseHeld = (sink: FrameSink) => {
    const length = buffer.length();
    buffer.clear();
    if (length > 0) sink.onRefused(`${length} bytes of a reply that was cut short`);
  };
  const append = (byte: number, sink: FrameSink) => {
    if (buffer.append(byte)) return;
    buffer.clear();
    sink.onRefused(`reply longer than ${limitBytes} bytes`);
  };
  const endLine = (sink: FrameSink) => {
    if (buffer.view()[0] === NAK) return refuseHeld(sink);
    if (buffer.length() > 0) sink.onFrame(buffer.take());
  };

  /** The labels still to print (`P003`) may stand between a NAK's digits and its XOFF. */
  const endByFlowControl = (sink: FrameSink) => {
    if (buffer.view()[0] === letterP) buffer.clear();
    else refuseHeld(sink);
  };

  const pushByte = (byte: number, sink: FrameSink) => {
    if (byte === 0x0d || byte === 0x0a) return endLine(sink);
    if (byte === XON || byte === XOFF) return endByFlowControl(sink);
    if (byte === ACK) {
      refuseHeld(sink);
      return sink.onFrame(Uint8Array.of(ACK));
    }
    if (byte === NAK) refuseHeld(sink);
    append(byte, sink);
    if (buffer.view()[0] === NAK && buffer.length() === 3) sink.onFrame(buffer.take());
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) pushByte(byte, sink);
    },
    reset: buffer.clear,
    heldBytes: buffer.length,
  };
}
