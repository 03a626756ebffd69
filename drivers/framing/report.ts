import { createFrameBuffer, type Framer, type FrameSink } from "./framer.ts";

export type ReportSettings = {
  readonly lengthBytes: number;
  /** Enough bytes to tell a report from anything else. */
  readonly headerBytes: number;
  readonly isHeader: (header: Uint8Array) => boolean;
  /** Messages of several reports: whether the next one belongs to this. null: the mark itself is damaged. */
  readonly continues?: (report: Uint8Array) => boolean | null;
  readonly limitReports?: number;
};

/**
 * Reports of one size, as a USB device sends them; a frame is one message of one or more whole reports. Zero bytes
 * between reports are padding: the operating system may hand out a longer buffer than the device filled.
 *
 * Reports bear no number. So after any damage the next ones, up to the end of a message, may be the rest of one
 * whose beginning was lost, and are refused.
 */
export function createReportFramer(settings: ReportSettings): Framer {
  const { lengthBytes, headerBytes, isHeader, continues, limitReports = 1 } = settings;
  const buffer = createFrameBuffer(lengthBytes);
  let inside = false;
  let strayBytes = 0;
  let parts: Uint8Array[] = [];
  let mayBeRest = false;

  const giveUp = (reason: string, sink: FrameSink) => {
    parts = [];
    mayBeRest = continues !== undefined;
    sink.onRefused(reason);
  };

  const reportStray = (sink: FrameSink) => {
    if (strayBytes > 0) giveUp(`${strayBytes} bytes outside a report`, sink);
    strayBytes = 0;
  };

  const lookForHeader = (sink: FrameSink) => {
    if (buffer.length() < headerBytes) return;
    if (isHeader(buffer.view())) {
      reportStray(sink);
      inside = true;
      return;
    }
    buffer.dropFirst(1);
    strayBytes += 1;
    while (buffer.length() > 0 && buffer.view()[0] === 0) buffer.dropFirst(1);
    if (strayBytes === lengthBytes) reportStray(sink);
  };

  const takeReport = (sink: FrameSink) => {
    const report = buffer.take();
    inside = false;
    const isFollowed = continues === undefined ? false : continues(report);
    if (isFollowed === null) return giveUp("damaged report", sink);
    if (mayBeRest) {
      mayBeRest = isFollowed;
      return sink.onRefused("may be the rest of a damaged message");
    }
    parts.push(report);
    if (!isFollowed) return sink.onFrame(joinParts());
    if (parts.length === limitReports) giveUp(`message longer than ${limitReports} reports`, sink);
  };

  const joinParts = (): Uint8Array => {
    const message = new Uint8Array(parts.length * lengthBytes);
    for (const [index, part] of parts.entries()) message.set(part, index * lengthBytes);
    parts = [];
    return message;
  };

  return {
    push: (bytes, sink) => {
      for (const byte of bytes) {
        if (byte === 0 && buffer.length() === 0) continue;
        buffer.append(byte);
        if (!inside) lookForHeader(sink);
        if (inside && buffer.length() === lengthBytes) takeReport(sink);
      }
    },
    reset: () => {
      buffer.clear();
      inside = false;
      strayBytes = 0;
      parts = [];
      mayBeRest = false;
    },
    heldBytes: () => buffer.length() + parts.length * lengthBytes,
  };
}
