import { EventEmitter } from "node:events";
import { afterEach, expect, test } from "vitest";
import { configureBareStation } from "../../test/durability/bare-station.ts";
import { openStationBench } from "../../test/support/station-bench.ts";
import type { ThreadPort } from "../config/thread-port.ts";
import { runCoreThread } from "./core-thread.ts";
import type { CoreInput, CoreOutput } from "./messages.ts";

let stop: (() => Promise<void>) | undefined;
afterEach(() => stop?.());

/** The thread's program on a port of this process. */
function startCore() {
  const bench = openStationBench();
  bench.close();
  const inbox = new EventEmitter<{ message: [CoreInput] }>();
  const said = new EventEmitter<{ message: [CoreOutput] }>();
  const port: ThreadPort<CoreInput, CoreOutput> = {
    postMessage: (message) => void said.emit("message", message),
    on: (event, listener) => inbox.on(event, listener),
    close: () => undefined,
  };
  const next = <Kind extends CoreOutput["kind"]>(kind: Kind) =>
    new Promise<Extract<CoreOutput, { kind: Kind }>>((resolve) => {
      said.on("message", function look(message) {
        if (message.kind !== kind) return;
        said.off("message", look);
        resolve(message as Extract<CoreOutput, { kind: Kind }>);
      });
    });
  const { factsPath, ordersPath } = bench;
  runCoreThread(port, { config: configureBareStation(bench.dir), factsPath, ordersPath, appVersion: "test" });
  stop = async () => {
    const stopped = next("stopped");
    inbox.emit("message", { kind: "stop" });
    await stopped;
    bench.remove();
  };
  return { next, post: (message: CoreInput) => void inbox.emit("message", message) };
}

test("a fact that changes no lane is told to the edge, which sends it up", async () => {
  const core = startCore();
  const told = core.next("lanes");
  core.post({
    kind: "upkeep",
    requestId: 1,
    fact: {
      name: "scale.calibrated.v1",
      lane: null,
      parcelId: null,
      actor: { kind: "operator", id: "o-1" },
      payload: { deviceId: "scale", certificate: "K-1", dueOn: "2030-01-01" },
    },
  });
  // The first one says that the station started.
  expect((await told).recorded).toBe(2);
});
