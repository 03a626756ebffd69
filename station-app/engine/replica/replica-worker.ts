import { existsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@waystation/shared/failures/assert";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { fail } from "@waystation/shared/failures/result";
import { openReadOnly, openReplica, type Sqlite } from "../core/open-database.ts";
import { followShapes } from "./follow-shapes.ts";
import type { ReplicaInput, ReplicaOutput } from "./messages.ts";
import { prepareOrders } from "./orders-schema.ts";
import { prepareReadLabel } from "./read-label.ts";
import { createShapeWriter } from "./shape-writer.ts";

export type ReplicaWorkerData = {
  readonly ordersPath: string;
  readonly factsPath: string;
  readonly cloud: { readonly url: string; readonly token: string } | null;
};

const countEveryMs = 1000;

/** The replica thread: the only writer of orders.db, and the reader of everything that may take its time. */
function runReplicaThread(
  port: NonNullable<typeof parentPort>,
  { ordersPath, factsPath, cloud }: ReplicaWorkerData,
): void {
  const db = openReplica(ordersPath);
  prepareOrders(db);
  const writer = createShapeWriter(db);
  const readLabel = prepareReadLabel(db);
  const abort = new AbortController();
  let factsDb: Sqlite | undefined;
  let countTimer: NodeJS.Timeout | undefined;
  let counted = writer.countVisible();

  const post = (message: ReplicaOutput): void => port.postMessage(message);

  /** Counting a million rows is not free: at most once a second, and only after something came. */
  function announceOrders(): void {
    countTimer ??= setTimeout(() => {
      countTimer = undefined;
      counted = writer.countVisible();
      post({ kind: "orders", ordersVisible: counted });
    }, countEveryMs);
  }

  function readFacts(above: number, limit: number): StoredFact[] {
    if (factsDb === undefined && existsSync(factsPath)) factsDb = openReadOnly(factsPath);
    return (factsDb
      ?.prepare(
        "SELECT sequence, text, lower(hex(hash)) AS hash FROM facts WHERE sequence > ? ORDER BY sequence LIMIT ?",
      )
      .all(above, limit) ?? []) as StoredFact[];
  }

  async function take(message: ReplicaInput): Promise<void> {
    switch (message.kind) {
      case "compose-label": {
        const label = await readLabel(message).catch((error: unknown) =>
          fail("label.invalid", { orderId: message.orderId, reason: "it could not be composed" }, error),
        );
        return post({ kind: "label", requestId: message.requestId, label });
      }
      case "read-facts":
        return post({
          kind: "facts",
          requestId: message.requestId,
          facts: readFacts(message.above, message.limit),
        });
      case "stop":
        abort.abort();
        clearTimeout(countTimer);
        db.close();
        factsDb?.close();
        // Ends this thread only. Kept-alive connections to the cloud would hold it for seconds.
        process.exit(0);
    }
  }

  port.on("message", (message: ReplicaInput) => void take(message));
  post({ kind: "ready", ordersVisible: counted });
  if (cloud !== null)
    followShapes(
      cloud,
      writer,
      {
        onAcknowledged: (acknowledgement) => post({ kind: "acknowledged", acknowledgement }),
        onSettings: () => post({ kind: "settings" }),
        onOrders: announceOrders,
        onLink: (failure) => post({ kind: "link", failure }),
      },
      abort.signal,
    );
}

assert(parentPort !== null, "the replica runs as a worker thread");
runReplicaThread(parentPort, workerData as ReplicaWorkerData);
