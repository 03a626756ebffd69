/** A small seeded generator (mulberry32): a run is its seed. */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    /** From 0 up to, but not, 1. */
    fraction: next,
    chance: (probability: number): boolean => next() < probability,
    between,
    pick: <T>(items: readonly [T, ...T[]]): T => items[between(0, items.length - 1)] ?? items[0],
    bytes: (length: number): Uint8Array => Uint8Array.from({ length }, () => between(0, 255)),
  };
}
export type Random = ReturnType<typeof createRandom>;
