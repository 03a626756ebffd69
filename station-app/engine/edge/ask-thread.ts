/** Numbers the questions to a thread and brings each answer to whoever asked. */
export function createAsks() {
  const waiting = new Map<number, (answer: unknown) => void>();
  let last = 0;
  return {
    ask<T>(send: (requestId: number) => void): Promise<T> {
      last += 1;
      const requestId = last;
      return new Promise<T>((resolve) => {
        waiting.set(requestId, resolve as (answer: unknown) => void);
        send(requestId);
      });
    },
    answer(requestId: number, value: unknown): void {
      const resolve = waiting.get(requestId);
      waiting.delete(requestId);
      resolve?.(value);
    },
  };
}
