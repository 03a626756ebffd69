import { monitorEventLoopDelay } from "node:perf_hooks";

const resolutionMs = 10;

/** How late this thread's event loop ran, in milliseconds since it was last asked; a person sees a hanging edge before the sorter does. */
export function watchLoopDelay(): () => { readonly p50: number; readonly p99: number } {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  // The histogram holds the time between two ticks, in nanoseconds.
  const at = (percent: number): number =>
    Math.max(0, Math.round((histogram.percentile(percent) / 1e6 - resolutionMs) * 100) / 100);
  return () => {
    const delays = { p50: at(50), p99: at(99) };
    histogram.reset();
    return delays;
  };
}
