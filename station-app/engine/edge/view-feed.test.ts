import {
  applyViewMessage,
  type LaneView,
  type StationView,
  type ViewMessage,
} from "@waystation/shared/session/view";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createViewFeed } from "./view-feed.ts";

const lane = (laneId: string, accepted = 0): LaneView => ({
  laneId,
  profile: "belt",
  status: "running",
  stopReason: null,
  parcels: [],
  recent: [],
  counts: { accepted, intercepted: 0, rejected: 0, noRead: 0 },
  deviceIds: [],
});

const station = (laneIds: string[]): StationView => ({
  stationId: "station-1",
  bootId: "boot-1",
  lanes: laneIds.map((laneId) => lane(laneId)),
  devices: [],
  link: { cloud: "offline", failure: null, factsRecorded: 0, factsAcknowledged: 0, ordersVisible: 0 },
});

const link = (factsRecorded: number) => ({ ...station([]).link, factsRecorded });

/** What a screen does: apply, and on a gap start again. */
class Screen {
  shown: { revision: number; view: StationView } | null = null;
  kinds: string[] = [];
  gaps = 0;
  apply(message: ViewMessage): void {
    this.kinds.push(message.kind);
    const next = applyViewMessage(this.shown, message);
    if (next === null) this.gaps += 1;
    this.shown = next;
  }
}

async function take(messages: AsyncIterator<ViewMessage>): Promise<ViewMessage> {
  const { value, done } = await messages.next();
  if (done === true) throw new Error("the subscription ended");
  return value;
}

test("a subscriber gets a snapshot, then one patch per publish", async () => {
  const feed = createViewFeed(station(["a"]));
  const messages = feed.subscribe();
  expect(await take(messages)).toEqual({ kind: "snapshot", revision: 1, view: station(["a"]) });
  feed.publish({ lanes: [lane("a", 1)] });
  expect(await take(messages)).toEqual({ kind: "patch", revision: 2, lanes: [lane("a", 1)] });
});

test("a waiting subscriber is woken by a publish", async () => {
  const feed = createViewFeed(station(["a"]));
  const messages = feed.subscribe();
  await take(messages);
  const next = take(messages);
  feed.publish({ link: link(7) });
  expect(await next).toEqual({ kind: "patch", revision: 2, link: link(7) });
});

test("a subscriber that fell behind gets a snapshot instead of a queue", async () => {
  const feed = createViewFeed(station(["a"]), { keepPatches: 4 });
  const messages = feed.subscribe();
  await take(messages);
  for (let count = 1; count <= 10_000; count += 1) feed.publish({ lanes: [lane("a", count)] });
  expect(await take(messages)).toEqual({ kind: "snapshot", revision: 10_001, view: feed.current() });
});

test("an aborted, returned or closed subscription ends and is forgotten", async () => {
  const feed = createViewFeed(station(["a"]));
  const abort = new AbortController();
  const [aborted, returned, closed] = [feed.subscribe(abort.signal), feed.subscribe(), feed.subscribe()];
  for (const messages of [aborted, returned, closed]) await take(messages);
  const waiting = aborted.next();
  abort.abort();
  expect((await waiting).done).toBe(true);
  const pending = returned.next();
  await returned.return?.();
  expect((await pending).done).toBe(true);
  expect(feed.subscriberCount()).toBe(1);
  feed.close();
  expect((await closed.next()).done).toBe(true);
  expect(feed.subscriberCount()).toBe(0);
  expect((await feed.subscribe(abort.signal).next()).done).toBe(true);
});

test("beyond the bound the oldest subscription ends", async () => {
  const feed = createViewFeed(station(["a"]), { maxSubscribers: 2 });
  const oldest = feed.subscribe();
  feed.subscribe();
  feed.subscribe();
  expect((await oldest.next()).done).toBe(true);
  expect(feed.subscriberCount()).toBe(2);
});

test("publishing an unknown lane is a bug, and a new view reaches everybody", async () => {
  const feed = createViewFeed(station(["a"]));
  const messages = feed.subscribe();
  await take(messages);
  expect(() => feed.publish({ lanes: [lane("b")] })).toThrow("lane b is in the view");
  feed.replace(station(["a", "b"]));
  expect(await take(messages)).toEqual({ kind: "snapshot", revision: 2, view: station(["a", "b"]) });
});

type Action =
  | { kind: "publish"; laneId: string; accepted: number }
  | { kind: "replace" }
  | { kind: "read"; screen: number; count: number }
  | { kind: "reconnect"; screen: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    kind: fc.constant("publish" as const),
    laneId: fc.constantFrom("a", "b"),
    accepted: fc.nat(1000),
  }),
  fc.record({ kind: fc.constant("replace" as const) }),
  fc.record({ kind: fc.constant("read" as const), screen: fc.nat(1), count: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ kind: fc.constant("reconnect" as const), screen: fc.nat(1) }),
);

test("any interleaving of publishes, slow reads and reconnects ends at the publisher's view", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      const feed = createViewFeed(station(["a", "b"]), { keepPatches: 3 });
      const screens = [0, 1].map(() => ({ screen: new Screen(), messages: feed.subscribe() }));
      const read = async (at: number, count: number) => {
        const reader = screens[at];
        if (reader === undefined) return;
        for (let left = count; left > 0 && reader.screen.shown?.revision !== feed.revision(); left -= 1)
          reader.screen.apply(await take(reader.messages));
      };
      for (const step of actions) {
        if (step.kind === "publish")
          feed.publish({ lanes: [lane(step.laneId, step.accepted)], link: link(step.accepted) });
        if (step.kind === "replace") feed.replace(station(["a", "b"]));
        if (step.kind === "read") await read(step.screen, step.count);
        if (step.kind === "reconnect") {
          await screens[step.screen]?.messages.return?.();
          screens[step.screen] = { screen: new Screen(), messages: feed.subscribe() };
        }
      }
      for (const at of [0, 1]) await read(at, 8);
      for (const { screen } of screens) {
        expect(screen.shown).toEqual({ revision: feed.revision(), view: feed.current() });
        expect(screen.gaps).toBe(0);
      }
    }),
    { numRuns: 200 },
  );
});
