/** The black dots of a picture on the label, as "x,y". Reads the languages on its own, as a printer would. */
export type Picture = {
  readonly widthBytes: number;
  readonly height: number;
  readonly black: ReadonlySet<string>;
};

type Header = {
  readonly pattern: RegExp;
  /** Positions of x, y, width in bytes and height among the groups; -1: the language has none. */
  readonly groups: readonly [x: number, y: number, width: number, height: number];
  readonly blackBit: 0 | 1;
  readonly isHex?: true;
};

const headers: readonly Header[] = [
  { pattern: /BITMAP (\d+),(\d+),(\d+),(\d+),0,/, groups: [1, 2, 3, 4], blackBit: 0 },
  { pattern: /GW(\d+),(\d+),(\d+),(\d+),/, groups: [1, 2, 3, 4], blackBit: 0 },
  { pattern: /CG (\d+) (\d+) (\d+) (\d+) /, groups: [3, 4, 1, 2], blackBit: 1 },
  { pattern: /EG (\d+) (\d+) (\d+) (\d+) /, groups: [3, 4, 1, 2], blackBit: 1, isHex: true },
];

/** null: no picture in these bytes. */
export function drawPicture(bytes: Uint8Array): Picture | null {
  const text = Buffer.from(bytes).toString("latin1");
  for (const { pattern, groups, blackBit, isHex } of headers) {
    const match = pattern.exec(text);
    if (!match) continue;
    const [x = 0, y = 0, widthBytes = 0, height = 0] = groups.map((group) => Number(match[group]));
    const from = match.index + match[0].length;
    const length = widthBytes * height;
    const data = isHex
      ? Buffer.from(text.slice(from, from + 2 * length), "hex")
      : bytes.subarray(from, from + length);
    return draw(data, { x, y, widthBytes, height, blackBit });
  }
  return drawEscpos(bytes, text.indexOf("\u001dv0"));
}

function drawEscpos(bytes: Uint8Array, at: number): Picture | null {
  if (at < 0) return null;
  const number = (position: number) => Buffer.from(bytes).readUInt16LE(at + position);
  const [widthBytes, height] = [number(4), number(6)];
  const data = bytes.subarray(at + 8, at + 8 + widthBytes * height);
  return draw(data, { x: 0, y: 0, widthBytes, height, blackBit: 1 });
}

function draw(
  data: Uint8Array,
  frame: { x: number; y: number; widthBytes: number; height: number; blackBit: 0 | 1 },
): Picture {
  const { x, y, widthBytes, height, blackBit } = frame;
  const black = new Set<string>();
  for (const [position, byte] of data.entries()) {
    const bits = byte.toString(2).padStart(8, "0");
    for (const [offset, bit] of [...bits].entries()) {
      if (Number(bit) !== blackBit) continue;
      black.add(`${x + (position % widthBytes) * 8 + offset},${y + Math.floor(position / widthBytes)}`);
    }
  }
  return { widthBytes, height, black };
}
