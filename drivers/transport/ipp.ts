import { request } from "node:http";

/** The state of a print job, RFC 8011 section 5.3.7. */
export type JobState = "pending" | "held" | "processing" | "stopped" | "canceled" | "aborted" | "completed";
const jobStates: readonly JobState[] = [
  "pending",
  "held",
  "processing",
  "stopped",
  "canceled",
  "aborted",
  "completed",
];

const operationAttributes = 0x01;
const endOfAttributes = 0x03;
const [integerTag, enumTag, nameTag, keywordTag, uriTag, charsetTag, languageTag] = [
  0x21, 0x23, 0x42, 0x44, 0x45, 0x47, 0x48,
];

/** Get-Job-Attributes (RFC 8011 section 4.3.4) for the state alone. */
export function encodeJobStateRequest(printer: string, jobNumber: number): Uint8Array {
  const number = Buffer.alloc(4);
  number.writeInt32BE(jobNumber);
  const attribute = (tag: number, name: string, value: string | Buffer) => {
    const bytes = Buffer.from(value);
    const head = Buffer.alloc(5);
    head.writeUInt8(tag);
    head.writeUInt16BE(name.length, 1);
    head.writeUInt16BE(bytes.length, 3);
    return Buffer.concat([head.subarray(0, 3), Buffer.from(name), head.subarray(3), bytes]);
  };
  return Buffer.concat([
    Buffer.from([2, 0, 0x00, 0x09, 0, 0, 0, 1, operationAttributes]),
    attribute(charsetTag, "attributes-charset", "utf-8"),
    attribute(languageTag, "attributes-natural-language", "en"),
    attribute(uriTag, "printer-uri", `ipp://localhost/printers/${printer}`),
    attribute(integerTag, "job-id", number),
    attribute(nameTag, "requesting-user-name", "waystation"),
    attribute(keywordTag, "requested-attributes", "job-state"),
    Buffer.from([endOfAttributes]),
  ]);
}

/** null: refused, or no state in it. */
export function decodeJobState(response: Uint8Array): JobState | null {
  const bytes = Buffer.from(response);
  if (bytes.length < 9 || bytes.readUInt16BE(2) > 0xff) return null;
  let at = 8;
  while (at + 5 <= bytes.length) {
    const tag = bytes.readUInt8(at);
    // a tag below 0x10 opens the next group and has neither name nor value
    if (tag < 0x10) {
      at += 1;
      continue;
    }
    const nameEnd = at + 3 + bytes.readUInt16BE(at + 1);
    if (nameEnd + 2 > bytes.length) return null;
    const valueEnd = nameEnd + 2 + bytes.readUInt16BE(nameEnd);
    const isState = tag === enumTag && bytes.toString("latin1", at + 3, nameEnd) === "job-state";
    if (isState && valueEnd === nameEnd + 6 && valueEnd <= bytes.length) {
      return jobStates[bytes.readInt32BE(nameEnd + 2) - 3] ?? null;
    }
    at = valueEnd;
  }
  return null;
}

/**
 * Asks the scheduler itself: lpstat lists a cancelled job among the completed ones and gives both the same reason
 * (seen with CUPS 2.4.2). `server`: a socket's path or host:port, as in CUPS_SERVER.
 */
export function askJobState(server: string, printer: string, jobNumber: number, timeoutMs: number) {
  const [host = "localhost", port = "631"] = server.split(":");
  const address = server.startsWith("/") ? { socketPath: server } : { host, port: Number(port) };
  const body = encodeJobStateRequest(printer, jobNumber);
  return new Promise<JobState | null>((resolve) => {
    const asked = request({
      ...address,
      method: "POST",
      path: `/printers/${printer}`,
      headers: { "content-type": "application/ipp", "content-length": body.length, host: "localhost" },
      timeout: timeoutMs,
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(null));
    asked.on("response", (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => void (parts.length < 64 && parts.push(part)));
      response.on("error", () => resolve(null));
      response.on("end", () => resolve(decodeJobState(Buffer.concat(parts))));
      response.on("close", () => resolve(null));
    });
    asked.end(body);
  });
}
