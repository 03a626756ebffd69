import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { SwapStep } from "../../engine/replica/order-replica.ts";
import { type Follower, followInFolder } from "../support/follow-scripted.ts";
import { makeParts, serveScriptedShapes } from "../support/scripted-shapes.ts";
import { startChild, waitUntil } from "./child-process.ts";

const steps: readonly SwapStep[] = [
  "copied",
  "begun",
  "emptied",
  "complete",
  "carried",
  "closed",
  "renamed",
  "swapped",
];
const orders = 1500;
const gone = 7;

const countFound = (station: Follower): number =>
  Array.from({ length: orders }, (_, index) => station.find(index + 1)).filter((found) => found !== undefined)
    .length;

test.each(steps)(
  "killed at the step %s of a swap: the next start has its orders without the cloud, and ends with the new ones",
  async (step) => {
    await using resources = new AsyncDisposableStack();
    const dir = mkdtempSync(join(tmpdir(), "waystation-swap-"));
    resources.defer(() => rmSync(dir, { recursive: true, force: true }));
    const cloud = await serveScriptedShapes({ chunkRows: 400 });
    resources.defer(() => cloud.close());
    cloud.putSettings();
    for (let number = 1; number <= orders; number += 1) cloud.putOrder(number);
    const first = await followInFolder(cloud.url, { dir });
    await waitUntil(
      () => first.find(orders) !== undefined && first.lookup.findChannel("PKT") !== undefined,
      "all",
    );
    await waitUntil(() => first.replica.position("sort_plans") !== undefined, "the last shape");
    first.stop();

    cloud.invalidate("orders", (rows) => rows.delete(makeParts(gone).orders.order_id));
    const child = startChild(
      new URL("kill-swap.ts", import.meta.url),
      JSON.stringify({ dir, url: cloud.url, step }),
      {
        onLine: () => undefined,
      },
    );
    expect(await child.ended, child.stderr()).toBe("SIGKILL");

    cloud.intercept(() => new Promise(() => undefined));
    const cut = await followInFolder(cloud.url, { dir });
    const found = countFound(cut);
    expect([orders - 1, orders]).toContain(found);
    expect(cut.lookup.findChannel("PKT")).toBeDefined();
    expect(cut.troubles).toEqual([]);
    cut.stop();

    cloud.intercept(() => false);
    const last = await followInFolder(cloud.url, { dir });
    resources.defer(() => last.stop());
    await waitUntil(() => countFound(last) === orders - 1 && last.find(gone) === undefined, "the new orders");
    cloud.putOrder(orders + 1);
    await waitUntil(() => last.find(orders + 1) !== undefined, "what comes after");
    await waitUntil(() => readdirSync(dir).filter((name) => name.endsWith(".db")).length === 1, "one file");
  },
  60_000,
);
