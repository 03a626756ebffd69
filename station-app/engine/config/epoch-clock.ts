/**
 * Milliseconds since 1970 with fractions, monotonic within a process and the same in all its threads: Date.now()
 * could step back between a reading and its verdict. Read once per thread, so that a later step cannot tear them apart.
 */
export const epochMs = (): number => performance.timeOrigin + performance.now();
