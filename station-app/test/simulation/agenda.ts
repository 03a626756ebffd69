/** What happens when, on a clock that only the simulation moves; what is due at the same time happens in order of entry. */
export function createAgenda(startMs: number) {
  let nowMs = startMs;
  const entries: { readonly atMs: number; readonly act: () => void }[] = [];
  return {
    now: () => nowMs,
    after(delayMs: number, act: () => void): void {
      const atMs = nowMs + delayMs;
      const at = entries.findLastIndex((entry) => entry.atMs <= atMs);
      entries.splice(at + 1, 0, { atMs, act });
    },
    /** When the next thing happens; null when nothing is left. */
    next: (): number | null => entries[0]?.atMs ?? null,
    advance(toMs: number): void {
      nowMs = Math.max(nowMs, toMs);
    },
    /** Does the next thing, at its time. */
    run(): void {
      const entry = entries.shift();
      if (entry === undefined) return;
      nowMs = entry.atMs;
      entry.act();
    },
  };
}
export type Agenda = ReturnType<typeof createAgenda>;
