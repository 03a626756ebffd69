import { assert } from "@waystation/shared/failures/assert";
import type { Failure, Result } from "@waystation/shared/failures/result";
import { createContext, useCallback, useContext, useEffect, useState, useSyncExternalStore } from "react";
import type { Access } from "./access.ts";
import type { CloudClient } from "./cloud-client.ts";
import type { CloudClock } from "./cloud-clock.ts";
import type { Live } from "./live.ts";
import { keepLoading } from "./keep-loading.ts";

export type Cloud = {
  readonly client: CloudClient;
  readonly clock: CloudClock;
  readonly live: Live;
  readonly access: Access;
};

export const CloudContext = createContext<Cloud | null>(null);

export function useCloud(): Cloud {
  const cloud = useContext(CloudContext);
  assert(cloud !== null, "a page outside of the cloud's context");
  return cloud;
}

export function useIsLive(): boolean {
  const { live } = useCloud();
  return useSyncExternalStore(live.subscribe, live.isLive);
}

type Loaded<T> = { readonly key: string; readonly value: T | null; readonly failure: Failure | null };
type Loader<T> = (client: CloudClient, signal: AbortSignal) => Promise<Result<T>>;

/**
 * What the cloud answers, asked again at every change. What it said last stays when it stops answering. `load`
 * must stay the same from render to render; `follow` false asks once.
 */
export function useLoaded<T>(key: string, load: Loader<T>, follow = true) {
  const { client, live } = useCloud();
  const [loaded, setLoaded] = useState<Loaded<T>>({ key: "", value: null, failure: null });
  useEffect(() => {
    const loading = keepLoading((signal) => load(client, signal), {
      live: follow ? live : null,
      onLoaded: (result) =>
        setLoaded((before) => {
          const kept = before.key === key ? before.value : null;
          return result.ok
            ? { key, value: result.value, failure: null }
            : { key, value: kept, failure: result.failure };
        }),
    });
    return loading.stop;
  }, [client, live, load, key, follow]);
  const isCurrent = loaded.key === key;
  return { value: isCurrent ? loaded.value : null, failure: isCurrent ? loaded.failure : null };
}

export function useRoute<T>(path: string, follow = true) {
  const load: Loader<T> = useCallback((client, signal) => client.read<T>(path, signal), [path]);
  return useLoaded<T>(path, load, follow);
}

/** Beyond its last word the cloud's present is unknown; this much is allowed for a line that is quiet. */
const quietMs = 45_000;

/**
 * The cloud's time as far as it is known: while the line stands it goes on, after a cut it stays where it was, so that
 * nothing is judged by what nobody can know.
 */
export function useKnownNow(everyMs = 5000): number {
  const { clock } = useCloud();
  const live = useIsLive();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  const contactMs = clock.contactMs() ?? clock.nowMs();
  return live ? Math.min(clock.nowMs(), contactMs + quietMs) : contactMs;
}
