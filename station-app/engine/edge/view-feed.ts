import { assert } from "@waystation/shared/failures/assert";
import { applyViewMessage, type StationView, type ViewMessage } from "@waystation/shared/session/view";

export type ViewPatch = Omit<Extract<ViewMessage, { kind: "patch" }>, "kind" | "revision">;

export type ViewFeed = {
  /** The view every subscriber converges to. */
  readonly current: () => StationView;
  readonly revision: () => number;
  readonly subscriberCount: () => number;
  /** Replaces known lanes and devices, and the link. A lane or device nobody has seen is a bug: `replace` adds those. */
  readonly publish: (patch: ViewPatch) => void;
  /** A whole new view: every subscriber gets a snapshot. */
  readonly replace: (view: StationView) => void;
  /** A snapshot first, then patches. Ends when `signal` aborts, the reader returns, or the feed closes. */
  readonly subscribe: (signal?: AbortSignal) => AsyncIteratorObject<ViewMessage, undefined>;
  readonly close: () => void;
};

/**
 * One publisher, many screens. A subscriber is only a cursor into one ring of the last `keepPatches` patches, so a
 * slow screen costs nothing: when it has fallen out of the ring it reads the whole current view instead. Memory is
 * the view plus the ring, whatever the screens do. Beyond `maxSubscribers` the oldest subscription ends.
 */
export function createViewFeed(
  first: StationView,
  options: { keepPatches?: number; maxSubscribers?: number } = {},
): ViewFeed {
  const keepPatches = options.keepPatches ?? 32;
  const maxSubscribers = options.maxSubscribers ?? 32;
  let state = { revision: 1, view: first };
  let ring: ViewMessage[] = [];
  const subscribers = new Set<Subscriber>();

  const messageAfter = (seen: number): ViewMessage | null => {
    if (seen === state.revision) return null;
    const patch = ring[ring.length - (state.revision - seen)];
    return seen > 0 && patch !== undefined ? patch : { kind: "snapshot", ...state };
  };
  const announce = () => {
    for (const subscriber of subscribers) subscriber.wake();
  };

  return {
    current: () => state.view,
    revision: () => state.revision,
    subscriberCount: () => subscribers.size,
    publish: (patch) => {
      assertKnown(state.view, patch);
      const message: ViewMessage = { kind: "patch", revision: state.revision + 1, ...patch };
      const next = applyViewMessage(state, message);
      assert(next !== null, "a patch follows its own revision");
      state = next;
      ring = [...ring, message].slice(-keepPatches);
      announce();
    },
    replace: (view) => {
      state = { revision: state.revision + 1, view };
      ring = [];
      announce();
    },
    subscribe: (signal) => {
      const [oldest] = subscribers;
      if (subscribers.size >= maxSubscribers) oldest?.end();
      const subscriber = new Subscriber(messageAfter, () => subscribers.delete(subscriber));
      subscribers.add(subscriber);
      if (signal?.aborted === true) subscriber.end();
      signal?.addEventListener("abort", () => subscriber.end(), { once: true });
      return subscriber;
    },
    close: () => {
      for (const subscriber of [...subscribers]) subscriber.end();
    },
  };
}

/** Written by hand because an async generator that waits cannot be ended from outside. */
class Subscriber implements AsyncIteratorObject<ViewMessage, undefined> {
  readonly #messageAfter: (seen: number) => ViewMessage | null;
  readonly #onEnd: () => void;
  #seen = 0;
  #ended = false;
  #waiting: ((result: IteratorResult<ViewMessage, undefined>) => void) | null = null;

  constructor(messageAfter: (seen: number) => ViewMessage | null, onEnd: () => void) {
    this.#messageAfter = messageAfter;
    this.#onEnd = onEnd;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<ViewMessage, undefined>> {
    assert(this.#waiting === null, "a view subscription is read by one reader, one message at a time");
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.wake();
    });
  }

  return(): Promise<IteratorResult<ViewMessage, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  wake(): void {
    if (this.#waiting === null) return;
    const message = this.#ended ? null : this.#messageAfter(this.#seen);
    if (message === null && !this.#ended) return;
    const resolve = this.#waiting;
    this.#waiting = null;
    this.#seen = message?.revision ?? this.#seen;
    resolve(message === null ? { done: true, value: undefined } : { done: false, value: message });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.wake();
  }
}

function assertKnown(view: StationView, patch: ViewPatch): void {
  const lanes = new Set(view.lanes.map((lane) => lane.laneId));
  const devices = new Set(view.devices.map((device) => device.deviceId));
  for (const { laneId } of patch.lanes ?? []) assert(lanes.has(laneId), `lane ${laneId} is in the view`);
  for (const { deviceId } of patch.devices ?? [])
    assert(devices.has(deviceId), `device ${deviceId} is in the view`);
}
