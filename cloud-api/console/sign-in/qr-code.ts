/**
 * A QR code of a short text (ISO/IEC 18004: bytes, level M, versions 1 to 13, at most 331 bytes), drawn here because
 * the secret in it must not travel to anybody's drawing service.
 */

/** True is dark; rows of equal length, without the quiet zone around them. */
export type QrModules = readonly (readonly boolean[])[];

/** Correction bytes per block and number of blocks, by version. */
const correctionM = [10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22];
const blocksM = [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9];

type Layout = { readonly version: number; readonly size: number; readonly dataBytes: number };

/** Null: the text is too long. */
export function encodeQr(text: string): QrModules | null {
  const bytes = new TextEncoder().encode(text);
  const layout = chooseLayout(bytes.length);
  if (layout === null) return null;
  const codewords = interleave(packBytes(bytes, layout), layout);
  const grid = createGrid(layout);
  placeData(grid, codewords);
  return chooseMask(grid);
}

function chooseLayout(length: number): Layout | null {
  for (let version = 1; version <= blocksM.length; version += 1) {
    const all = Math.floor(countDataModules(version) / 8);
    const dataBytes = all - (correctionM[version - 1] ?? 0) * (blocksM[version - 1] ?? 0);
    const headBits = 4 + (version < 10 ? 8 : 16);
    if (length * 8 + headBits <= dataBytes * 8) return { version, size: 17 + 4 * version, dataBytes };
  }
  return null;
}

/** All modules without finders, timing, alignment, format and version. */
function countDataModules(version: number): number {
  const alignments = version === 1 ? 0 : Math.floor(version / 7) + 2;
  const aligned = alignments === 0 ? 0 : (25 * alignments - 10) * alignments - 55;
  return (16 * version + 128) * version + 64 - aligned - (version < 7 ? 0 : 36);
}

function packBytes(bytes: Uint8Array, { version, dataBytes }: Layout): Uint8Array {
  const bits = [0, 1, 0, 0, ...toBits(bytes.length, version < 10 ? 8 : 16)];
  for (const byte of bytes) bits.push(...toBits(byte, 8));
  const packed = new Uint8Array(dataBytes);
  for (const [index, bit] of bits.entries())
    packed[index >> 3] = (packed[index >> 3] ?? 0) | (bit << (7 - (index & 7)));
  const used = Math.ceil((bits.length + Math.min(4, dataBytes * 8 - bits.length)) / 8);
  for (let index = used; index < dataBytes; index += 1)
    packed[index] = (index - used) % 2 === 0 ? 0xec : 0x11;
  return packed;
}

const toBits = (value: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => (value >> (count - 1 - index)) & 1);

/** Data in blocks, each with its correction; read out one byte of every block in turn. */
function interleave(data: Uint8Array, { version }: Layout): number[] {
  const count = blocksM[version - 1] ?? 1;
  const correction = correctionM[version - 1] ?? 0;
  const short = Math.floor(data.length / count);
  const longer = data.length % count;
  let from = 0;
  const blocks = Array.from({ length: count }, (_, index) => {
    const part = data.subarray(from, from + short + (index >= count - longer ? 1 : 0));
    from += part.length;
    return part;
  });
  const corrections = blocks.map((block) => correct(block, correction));
  const inTurn = (parts: readonly ArrayLike<number>[], length: number): number[] =>
    Array.from({ length }, (_, index) =>
      parts.flatMap((part) => (index < part.length ? [part[index] ?? 0] : [])),
    ).flat();
  return [...inTurn(blocks, short + 1), ...inTurn(corrections, correction)];
}

/** Reed-Solomon over GF(256) with the polynomial 0x11d: the remainder after division by the generator. */
function correct(block: Uint8Array, length: number): number[] {
  let generator = [1];
  for (let power = 0, root = 1; power < length; power += 1, root = multiply(root, 2)) {
    const next = [...generator, 0];
    for (const [index, factor] of generator.entries())
      next[index + 1] = (next[index + 1] ?? 0) ^ multiply(factor, root);
    generator = next;
  }
  const remainder = new Array<number>(length).fill(0);
  for (const byte of block) {
    const lead = byte ^ (remainder.shift() ?? 0);
    remainder.push(0);
    for (let index = 0; index < length; index += 1)
      remainder[index] = (remainder[index] ?? 0) ^ multiply(generator[index + 1] ?? 0, lead);
  }
  return remainder;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ (product >> 7 ? 0x11d : 0);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

/** `fixed` marks what belongs to the pattern and is never masked. */
type Grid = {
  readonly version: number;
  readonly size: number;
  readonly dark: boolean[][];
  readonly fixed: boolean[][];
};

function createGrid({ version, size }: Layout): Grid {
  const square = (): boolean[][] => Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
  const grid: Grid = { version, size, dark: square(), fixed: square() };
  for (let index = 0; index < size; index += 1) {
    setFixed(grid, 6, index, index % 2 === 0);
    setFixed(grid, index, 6, index % 2 === 0);
  }
  for (const [x, y] of [
    [3, 3],
    [size - 4, 3],
    [3, size - 4],
  ] as const)
    drawRings(grid, x, y, 4);
  const places = placeAlignments(version, size);
  const last = places.length - 1;
  for (const [i, x] of places.entries())
    for (const [j, y] of places.entries()) {
      const isFinder = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
      if (!isFinder) drawRings(grid, x, y, 2);
    }
  drawFormat(grid, 0);
  drawVersion(grid);
  return grid;
}

function setFixed({ size, dark, fixed }: Grid, x: number, y: number, isDark: boolean): void {
  const [row, mark] = [dark[y], fixed[y]];
  if (row === undefined || mark === undefined || x < 0 || x >= size) return;
  row[x] = isDark;
  mark[x] = true;
}

/** Finders and alignments are squares in squares; a finder's outermost ring is its light border. */
function drawRings(grid: Grid, x: number, y: number, radius: 2 | 4): void {
  for (let dy = -radius; dy <= radius; dy += 1)
    for (let dx = -radius; dx <= radius; dx += 1) {
      const ring = Math.max(Math.abs(dx), Math.abs(dy));
      setFixed(grid, x + dx, y + dy, radius === 2 ? ring !== 1 : ring !== 2 && ring !== 4);
    }
}

function placeAlignments(version: number, size: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((size - 13) / (2 * count - 2)) * 2;
  const fromEnd = Array.from({ length: count - 1 }, (_, index) => size - 7 - index * step);
  return [6, ...fromEnd.reverse()];
}

/** The remainder of a BCH code, behind the value itself. */
function withCheck(value: number, checkBits: number, polynomial: number): number {
  let rest = value << checkBits;
  for (let bit = 31 - Math.clz32(rest); bit >= checkBits; bit -= 1)
    if ((rest >> bit) & 1) rest ^= polynomial << (bit - checkBits);
  return (value << checkBits) | rest;
}

/** Level M is 00; twice, so that one corner may be dirty. */
function drawFormat(grid: Grid, mask: number): void {
  const bits = withCheck(mask, 10, 0x537) ^ 0x5412;
  const bit = (index: number): boolean => ((bits >> index) & 1) === 1;
  const { size } = grid;
  for (let index = 0; index < 15; index += 1) {
    const place = index < 6 ? index : index < 8 ? index + 1 : index === 8 ? 7 : 14 - index;
    if (index < 8) setFixed(grid, 8, place, bit(index));
    else setFixed(grid, place, 8, bit(index));
    if (index < 8) setFixed(grid, size - 1 - index, 8, bit(index));
    else setFixed(grid, 8, size - 15 + index, bit(index));
  }
  setFixed(grid, 8, size - 8, true);
}

function drawVersion(grid: Grid): void {
  if (grid.version < 7) return;
  const bits = withCheck(grid.version, 12, 0x1f25);
  for (let index = 0; index < 18; index += 1) {
    const isDark = ((bits >> index) & 1) === 1;
    const [far, near] = [grid.size - 11 + (index % 3), Math.floor(index / 3)];
    setFixed(grid, far, near, isDark);
    setFixed(grid, near, far, isDark);
  }
}

/** Two columns at a time from the right, up and down in turn, around the timing column. */
function placeData({ size, dark, fixed }: Grid, codewords: readonly number[]): void {
  let index = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    const isUpward = ((right + 1) & 2) === 0;
    for (let step = 0; step < size; step += 1)
      for (const x of [right, right - 1]) {
        const y = isUpward ? size - 1 - step : step;
        const row = dark[y];
        if (row === undefined || fixed[y]?.[x] === true) continue;
        row[x] = (((codewords[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1;
        index += 1;
      }
  }
}

const masks: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** The mask under which a camera is confused least. */
function chooseMask(grid: Grid): QrModules {
  const candidates = masks.map((mask, number) => {
    drawFormat(grid, number);
    return grid.dark.map((row, y) =>
      row.map((isDark, x) => isDark !== (grid.fixed[y]?.[x] !== true && mask(x, y))),
    );
  });
  return candidates.reduce((best, next) => (rateConfusion(next) < rateConfusion(best) ? next : best));
}

/** The standard's four penalties: runs, blocks of one colour, what looks like a finder, too dark or too light. */
function rateConfusion(modules: QrModules): number {
  const columns = modules.map((_, x) => modules.map((row) => row[x] === true));
  const lines = [...modules, ...columns].map((line) => line.map((isDark) => (isDark ? "1" : "0")).join(""));
  const runs = lines.flatMap((line) => line.match(/0{5,}|1{5,}/g) ?? []).map((run) => run.length - 2);
  const finders = lines.flatMap((line) => line.match(/(?=10111010000|00001011101)/g) ?? []);
  let squares = 0;
  for (const [y, row] of modules.entries())
    for (const [x, isDark] of row.entries())
      if (row[x + 1] === isDark && modules[y + 1]?.[x] === isDark && modules[y + 1]?.[x + 1] === isDark)
        squares += 1;
  const dark = modules.flat().filter(Boolean).length / modules.length ** 2;
  const sum = runs.reduce((total, penalty) => total + penalty, 0);
  return sum + squares * 3 + finders.length * 40 + Math.floor(Math.abs(dark - 0.5) * 20) * 10;
}
