/** What happens when, on a clock that only the simulation moves; what is due at the same time happens in order of entry. */
export type Entry = { atMs: number; order: number; act: (() => void) | null };

export function createAgenda(startMs: number) {
  let nowMs = startMs;
  let orders = 0;
  const heap: Entry[] = [];

  const isBefore = (one: Entry, other: Entry): boolean =>
    one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);

  function rise(entry: Entry, from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  function sink(entry: Entry): void {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      let least = left;
      if (right !== undefined && isBefore(right, left)) {
        child += 1;
        least = right;
      }
      if (!isBefore(least, entry)) break;
      heap[at] = least;
      at = child;
    }
    heap[at] = entry;
  }

  function take(): Entry | undefined {
    const [first] = heap;
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) sink(last);
    return first;
  }

  return {
    startMs,
    now: () => nowMs,
    /** Cancelled by setting its `act` to null. */
    after(delayMs: number, act: () => void): Entry {
      orders += 1;
      const entry = { atMs: nowMs + Math.max(0, delayMs), order: orders, act };
      heap.push(entry);
      rise(entry, heap.length - 1);
      return entry;
    },
    /** Does the next thing, at its time, unless that is later; false: there is nothing until then. */
    run(untilMs: number): boolean {
      for (let first = heap[0]; first !== undefined && first.atMs <= untilMs; first = heap[0]) {
        const entry = take();
        const act = entry?.act ?? null;
        if (entry === undefined || act === null) continue;
        nowMs = Math.max(nowMs, entry.atMs);
        entry.act = null;
        act();
        return true;
      }
      return false;
    },
    advance(toMs: number): void {
      nowMs = Math.max(nowMs, toMs);
    },
  };
}
export type Agenda = ReturnType<typeof createAgenda>;
