import { useEffect, useState } from "react";
import { read } from "./cloud-client.ts";

type Loaded<T> = { readonly path: string; readonly value: T | null; readonly failed: boolean };

/** What a route answers now: asked again at every change, keeping what it showed until the new answer is there. */
export function useRoute<T>(
  token: string,
  path: string | null,
  revision: number,
): { value: T | null; failed: boolean } {
  const [loaded, setLoaded] = useState<Loaded<T>>({ path: "", value: null, failed: false });
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new revision means the same question again
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    read<T>(token, path, abort.signal).then(
      (value) => setLoaded({ path, value, failed: false }),
      () => {
        if (!abort.signal.aborted) setLoaded((before) => ({ ...before, failed: true }));
      },
    );
    return () => abort.abort();
  }, [token, path, revision]);
  return { value: loaded.path === path ? loaded.value : null, failed: loaded.failed };
}
