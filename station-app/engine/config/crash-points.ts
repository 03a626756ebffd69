/** Dies as in a power cut, without any handler, at the n-th passing of a named point; for the kill tests. */
export type CrashPoints = (point: string) => void;

export function createCrashPoints(
  crashAt: { readonly point: string; readonly count: number } | undefined,
): CrashPoints {
  if (crashAt === undefined) return () => {};
  let passed = 0;
  return (point) => {
    if (point !== crashAt.point) return;
    passed += 1;
    if (passed < crashAt.count) return;
    if (point === "before-commit") waitForOthers();
    process.kill(process.pid, "SIGKILL");
  };
}

/** A slow disk: the other threads go on meanwhile, and what they do too early is seen after the death. */
function waitForOthers(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
}
