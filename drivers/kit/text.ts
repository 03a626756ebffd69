const encoder = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export const encodeText = (text: string): Uint8Array => encoder.encode(text);

/** One byte, one character: for ASCII protocols, where a stray high byte must stay visible and not be merged. */
export const decodeLatin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** Null for anything that is not well-formed UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** How received text is quoted in a refusal: short, and no byte of it can act on a terminal. */
export function quoteText(text: string): string {
  return JSON.stringify(text.slice(0, 40)).replace(/[\u007f-\u009f]/g, "?");
}
