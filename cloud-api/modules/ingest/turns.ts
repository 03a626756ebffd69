export type Turn = { readonly before: Promise<void>; readonly end: () => void };

/**
 * Lets tasks of one asker work side by side and still finish in the order in which they began: each waits for `before`
 * at the point where order counts, and ends its turn whatever became of it. Nothing is kept of an asker at rest.
 */
export function createTurns(): (asker: string) => Turn {
  const last = new Map<string, Promise<void>>();
  return (asker) => {
    const before = last.get(asker) ?? Promise.resolve();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const over = before.then(() => ended);
    last.set(asker, over);
    void over.then(() => {
      if (last.get(asker) === over) last.delete(asker);
    });
    return { before, end };
  };
}
