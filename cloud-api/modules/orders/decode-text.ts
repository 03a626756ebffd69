import iconv from "iconv-lite";

type Bytes = AsyncIterable<Uint8Array>;

/** How much of a file without byte order mark is looked at before its encoding is settled. */
const sampleBytes = 65_536;

/**
 * Text of a file in UTF-8, UTF-16 or GBK, in pieces. A byte order mark decides; without one, zero bytes mean
 * UTF-16, bytes that are no UTF-8 mean GB18030 (which contains GBK). Line ends all become \n, so that line
 * numbers are those an editor shows.
 */
export async function* decodeText(source: Bytes): AsyncGenerator<string> {
  let pending = "";
  for await (const piece of decodePieces(source)) {
    const text = pending + piece;
    // A \r at the end may be half of \r\n.
    pending = text.endsWith("\r") ? "\r" : "";
    yield text.slice(0, text.length - pending.length).replace(/\r\n?/g, "\n");
  }
  if (pending !== "") yield "\n";
}

async function* decodePieces(source: Bytes): AsyncGenerator<string> {
  let decoder: ReturnType<typeof iconv.getDecoder> | null = null;
  for await (const sample of gatherSamples(source)) {
    // Plain ASCII says nothing about the encoding yet: the first Chinese name may come much later.
    if (decoder === null && isAscii(sample)) {
      yield sample.toString("latin1");
      continue;
    }
    decoder ??= iconv.getDecoder(detectEncoding(sample));
    yield decoder.write(sample);
  }
  yield decoder?.end() ?? "";
}

/** Pieces of at least the sample's size, however small the source's chunks are; the last may be shorter. */
async function* gatherSamples(source: Bytes): AsyncGenerator<Buffer> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length < sampleBytes) continue;
    yield Buffer.concat(chunks, length);
    chunks = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(chunks, length);
}

export function detectEncoding(sample: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" | "gb18030" {
  if (sample[0] === 0xff && sample[1] === 0xfe) return "utf-16le";
  if (sample[0] === 0xfe && sample[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  for (let index = 0; index < Math.min(sample.length, 1024); index += 1) {
    if (sample[index] === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  }
  // Header letters and digits are ASCII: their upper byte is zero, second in little endian, first in big endian.
  if ((zeros[1] ?? 0) > 4 && zeros[0] === 0) return "utf-16le";
  if ((zeros[0] ?? 0) > 4 && zeros[1] === 0) return "utf-16be";
  return isUtf8(sample) ? "utf-8" : "gb18030";
}

const isAscii = (sample: Uint8Array): boolean => sample.every((byte) => byte > 0 && byte < 0x80);

function isUtf8(sample: Uint8Array): boolean {
  try {
    // `stream` lets the sample end in the middle of a character.
    new TextDecoder("utf-8", { fatal: true }).decode(sample, { stream: true });
    return true;
  } catch {
    return false;
  }
}
