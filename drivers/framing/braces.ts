import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

const open = 0x7b;
const close = 0x7d;
const quote = 0x22;
const backslash = 0x5c;
const lineEnds = new Set([0x00, 0x0a, 0x0d]);
const blanks = new Set([0x09, 0x20]);
/** Behind these an opening brace belongs to an object that has begun. */
const expectValue = new Set([...":[,"].map((sign) => sign.charCodeAt(0)));
/** All that may stand outside the strings of a JSON text, line ends and blanks apart. */
const plainSigns = new Set([...'{}[]:,"0123456789+-.eEtrufalsn'].map((sign) => sign.charCodeAt(0)));

/**
 * JSON objects one after the other, with or without anything blank between them. Signs no JSON has show damage; from
 * there on an object begins only behind a closing brace or on a line of its own, never with an inner object of the
 * damaged one.
 */
export function createBraceFramer(settings: {
  readonly limitBytes: number;
  readonly maximumDepth: number;
}): Framer {
  const { limitBytes, maximumDepth } = settings;
  const buffer = createFrameBuffer(limitBytes);
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** The last sign that is no blank, and whether a line ended behind it. */
  let lastSign: number | null = null;
  let lineEnded = false;
  let strayBytes = 0;

  const reportStray = (sink: FrameSink) => {
    if (strayBytes > 0) sink.onRefused(`${strayBytes} bytes outside a frame`);
    strayBytes = 0;
  };

  const giveUp = (reason: string, sink: FrameSink) => {
    buffer.clear();
    depth = 0;
    inString = false;
    escaped = false;
    sink.onRefused(reason);
  };

  const mayBegin = () => lastSign === null || lastSign === close || (lineEnded && !expectValue.has(lastSign));

  const pushOutside = (byte: number, sink: FrameSink) => {
    if (byte === open && mayBegin()) {
      reportStray(sink);
      depth = 1;
      buffer.append(byte);
    } else if (!lineEnds.has(byte) && !blanks.has(byte)) strayBytes += 1;
    if (strayBytes === limitBytes) reportStray(sink);
  };

  const pushString = (byte: number, sink: FrameSink) => {
    if (byte < 0x20) return giveUp("control character in a string", sink);
    if (escaped) escaped = false;
    else if (byte === backslash) escaped = true;
    else if (byte === quote) inString = false;
  };

  const pushSign = (byte: number, sink: FrameSink) => {
    if (lineEnds.has(byte) || blanks.has(byte)) return;
    if (!plainSigns.has(byte)) return giveUp("not JSON", sink);
    if (byte === quote) {
      if (lastSign !== open && (lastSign === null || !expectValue.has(lastSign)))
        return giveUp("not JSON", sink);
      inString = true;
    }
    if (byte === close) depth -= 1;
    if (byte === open) {
      if (lastSign === null || !expectValue.has(lastSign)) return beginAgain(sink);
      depth += 1;
      if (depth > maximumDepth) return giveUp(`more than ${maximumDepth} levels`, sink);
    }
    if (depth === 0) sink.onFrame(buffer.take());
  };

  /** An object where none can stand: the end of the one before was lost. */
  const beginAgain = (sink: FrameSink) => {
    giveUp("frame cut short", sink);
    if (!mayBegin()) return;
    depth = 1;
    buffer.append(open);
  };

  const pushInside = (byte: number, sink: FrameSink) => {
    if (!buffer.append(byte)) giveUp(`frame longer than ${limitBytes} bytes`, sink);
    else if (inString) pushString(byte, sink);
    else pushSign(byte, sink);
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) {
        if (depth > 0) pushInside(byte, sink);
        else pushOutside(byte, sink);
        if (lineEnds.has(byte)) lineEnded = true;
        else if (!blanks.has(byte)) {
          lastSign = byte;
          lineEnded = false;
        }
      }
    },
    reset: () => {
      buffer.clear();
      depth = 0;
      inString = false;
      escaped = false;
      lastSign = null;
      lineEnded = false;
      strayBytes = 0;
    },
    heldBytes: buffer.length,
  };
}
