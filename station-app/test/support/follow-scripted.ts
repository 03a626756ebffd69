import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "@waystation/shared/failures/result";
import { openOrderLookup } from "../../engine/core/order-lookup.ts";
import type { Acknowledgement } from "../../engine/replica/acknowledgement-rows.ts";
import { followShapes, type ShapeFollower } from "../../engine/replica/follow-shapes.ts";
import { openOrderReplica, type SwapStep } from "../../engine/replica/order-replica.ts";
import { createTokenSource } from "../../engine/replica/token-source.ts";
import { testOrder } from "./station-bench.ts";

export type FollowOptions = {
  readonly dir?: string;
  readonly onStep?: (step: SwapStep) => void;
  readonly token?: string;
};

/** The station's side without its threads: the replica with its streams, and a lookup that goes over at a swap as the core does. */
export async function followInFolder(url: string, options: FollowOptions = {}) {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "waystation-replica-"));
  const basePath = join(dir, "orders.db");
  const abort = new AbortController();
  const files: string[] = [];
  const troubles: (Failure | null)[] = [];
  const links: (Failure | null)[] = [];
  const acknowledged: Acknowledgement[] = [];
  const refusals: number[] = [];
  let follower: ShapeFollower | undefined;
  let settings = 0;
  const replica = openOrderReplica({
    basePath,
    onFile: (path) => {
      files.push(path);
      if (lookup.reopen(path)) replica.release(path);
    },
    onTrouble: (failure) => troubles.push(failure),
    onRestart: () => follower?.restart(),
    signal: abort.signal,
    ...(options.onStep === undefined ? {} : { onStep: options.onStep }),
  });
  const lookup = openOrderLookup(replica.path(), 99, (path, reason) => replica.reportDamage(path, reason));
  const tokens = createTokenSource(options.token ?? "a-token-of-the-tests", () => refusals.push(1));
  await replica.resume();
  follower = followShapes({
    url,
    tokens,
    replica,
    listener: {
      onAcknowledged: (acknowledgement) => acknowledged.push(acknowledgement),
      onAcknowledgements: (rows) => acknowledged.push(...rows),
      onSettings: () => {
        settings += 1;
        lookup.reload();
      },
      onOrders: () => undefined,
      onLink: (failure) => links.push(failure),
    },
    signal: abort.signal,
  });
  return {
    dir,
    replica,
    lookup,
    tokens,
    files,
    troubles,
    links,
    acknowledged,
    refusals,
    settings: () => settings,
    find: (number: number) => lookup.find([testOrder(number).waybill])[0],
    cityOf: (number: number) => lookup.find([testOrder(number).waybill])[0]?.order.consignee.city,
    stop(): void {
      abort.abort();
      lookup.close();
      replica.close();
    },
    remove: (): void => rmSync(dir, { recursive: true, force: true }),
  };
}
export type Follower = Awaited<ReturnType<typeof followInFolder>>;
