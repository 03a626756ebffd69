/** Where time and randomness come from; the simulator passes seeded ones. */
export type IdSource = {
  readonly nowMs: () => number;
  /** Fills and returns ten random bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
};

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** UUID version 7 (RFC 9562, 5.7): ordered by creation time, so that indexes grow at one end. */
export function mintId(source: IdSource): string {
  const bytes = new Uint8Array(16);
  bytes.set(source.randomBytes(10), 6);
  let rest = source.nowMs();
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  let hex = "";
  for (const byte of bytes) hex += hexOfByte[byte];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
