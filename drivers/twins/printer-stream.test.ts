import fc from "fast-check";
import { expect, test } from "vitest";
import { cutAt } from "../conformance/captures.ts";
import { createPrinterStream } from "./printer-stream.ts";

function receive(pieces: readonly Uint8Array[]) {
  const seen: string[] = [];
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
  const stream = createPrinterStream({
    onFormat: (bytes) => void seen.push(`format ${text(bytes)}`),
    onJob: (bytes) => void seen.push(`job ${text(bytes)}`),
    onCancel: () => void seen.push("cancel"),
  });
  for (const piece of pieces) for (const question of stream.push(piece)) seen.push(`question ${question}`);
  stream.endJob();
  return seen;
}

test("questions are parted from jobs byte for byte, however the stream is cut", () => {
  const text =
    '~HS\r\n! U1 getvar "a.b"\r\n^XA^FD~H! U1 getvar^FS^XZ~HS^XA^FD\xff\r\n^FS^XZ\r\n~HS\r\n~JA\r\n! U1 setvar "x"\r\n~HS\r\n';
  const bytes = Uint8Array.from(Buffer.from(text, "latin1"));
  const jobs = (seen: readonly string[]) =>
    seen.filter((line) => line.startsWith("job") || line.startsWith("q"));
  const whole = jobs(receive([...bytes].map((byte) => Uint8Array.of(byte))));
  expect(whole).toEqual([
    "question ~HS",
    "question a.b",
    "job ^XA^FD~H! U1 getvar^FS^XZ",
    "question ~HS",
    "job ^XA^FD\xff\r\n^FS^XZ\r\n",
    "question ~HS",
    'job ! U1 setvar "x"\r\n',
    "question ~HS",
  ]);
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 6 }), (cuts) => {
      const seen = receive(cutAt(bytes, cuts));
      expect(seen.filter((line) => line.startsWith("job"))).toEqual(
        whole.filter((line) => line.startsWith("job")),
      );
      expect(seen.filter((line) => line.startsWith("q"))).toEqual(
        whole.filter((line) => line.startsWith("q")),
      );
    }),
    { numRuns: 100 },
  );
});
