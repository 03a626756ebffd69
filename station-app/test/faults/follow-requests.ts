/** One HTTP/1.1 request as it passed by. `bytes` is the whole of it, null where it was too large to keep or has no length. */
export type PassedRequest = {
  readonly method: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly bytes: Buffer | null;
};

const headLimitBytes = 65_536;
const keptLimitBytes = 4_000_000;
const headEnd = Buffer.from("\r\n\r\n");

/**
 * Finds where requests begin and end in what one connection sends. A body without a length (chunked), or a head that
 * does not end, makes the rest of the connection one message: it still passes, nothing of it is kept.
 */
export function followRequests(on: {
  readonly begin: (request: Omit<PassedRequest, "bytes">) => void;
  readonly end: (request: PassedRequest) => void;
}) {
  let head = Buffer.alloc(0);
  let body: Buffer[] = [];
  let left = 0;
  let current: Omit<PassedRequest, "bytes"> | null = null;
  let lost = false;

  function takeHead(bytes: Buffer): number {
    const before = head.length;
    head = Buffer.concat([head, bytes]);
    const end = head.indexOf(headEnd);
    if (end < 0) {
      lost = head.length > headLimitBytes;
      return bytes.length;
    }
    const text = head.subarray(0, end).toString("latin1");
    head = head.subarray(0, end + headEnd.length);
    lost = /^transfer-encoding:/im.test(text);
    left = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
    const [method = "", path = ""] = text.split(" ", 2);
    current = { method, path, sizeBytes: head.length + left };
    on.begin(current);
    return head.length - before;
  }

  function finish(): void {
    if (current === null || left > 0 || lost) return;
    const kept = current.sizeBytes <= keptLimitBytes;
    on.end({ ...current, bytes: kept ? Buffer.concat([head, ...body]) : null });
    head = Buffer.alloc(0);
    body = [];
    current = null;
  }

  /** Tells how many of the bytes belong to the message under way; call again with the rest. */
  return {
    take(bytes: Buffer): number {
      if (lost) return bytes.length;
      if (current === null) return takeHead(bytes);
      const part = bytes.subarray(0, left);
      left -= part.length;
      if (current.sizeBytes <= keptLimitBytes) body.push(part);
      return part.length;
    },
    /** After the bytes were passed on: a message that is whole ends here. */
    settle: finish,
  };
}
