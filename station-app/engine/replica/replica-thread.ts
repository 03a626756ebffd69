import { existsSync } from "node:fs";
import { type Failure, fail } from "@waystation/shared/failures/result";
import { prepareReadLogFacts, type ReadLogFacts } from "../core/former-logs.ts";
import { openReadOnly, type Sqlite } from "../core/open-database.ts";
import { followShapes, type ShapeFollower } from "./follow-shapes.ts";
import type { ThreadPort } from "../config/thread-port.ts";
import type { ReplicaInput, ReplicaOutput } from "./messages.ts";
import { openOrderReader } from "./order-reader.ts";
import { openOrderReplica } from "./order-replica.ts";
import { packFacts } from "./pack-facts.ts";
import { createTokenSource } from "./token-source.ts";

export type ReplicaWorkerData = {
  /** The first file of orders; the one in use may lie beside it. */
  readonly ordersPath: string;
  readonly factsPath: string;
  /** Without a token nothing is asked of the cloud until one comes by message. */
  readonly cloud: { readonly url: string; readonly token?: string; readonly newsWithinMs?: number } | null;
};

const countEveryMs = 1000;
const fileEveryMs = 500;

/** The replica thread: the only writer of the orders' files, and the reader of everything that may take its time. */
export function runReplicaThread(
  port: ThreadPort<ReplicaInput, ReplicaOutput>,
  { ordersPath, factsPath, cloud }: ReplicaWorkerData,
  end: () => void,
): void {
  const post = (message: ReplicaOutput): void => port.postMessage(message);
  const abort = new AbortController();
  let follower: ShapeFollower | undefined;
  let factsDb: Sqlite | undefined;
  let readLogFacts: ReadLogFacts | undefined;
  let countTimer: NodeJS.Timeout | undefined;
  let fileTimer: NodeJS.Timeout | undefined;
  let trouble: Failure | null = null;
  const replica = openOrderReplica({
    basePath: ordersPath,
    onFile: (path) => {
      reader.reopen();
      announceFile(path);
      announceOrders();
    },
    onTrouble: (failure) => {
      trouble = failure;
      post({ kind: "orders-trouble", failure });
    },
    onRestart: () => follower?.restart(),
    signal: abort.signal,
  });
  const reader = openOrderReader(replica);
  const tokens = createTokenSource(cloud?.token ?? null, () => post({ kind: "token-refused" }));

  /** Counting a million rows is not free: at most once a second, and only after something came. */
  function announceOrders(): void {
    countTimer ??= setTimeout(() => {
      countTimer = undefined;
      post({ kind: "orders", ordersVisible: reader.countVisible() });
    }, countEveryMs);
  }

  /** Until the core is there: during a start nobody listens yet. */
  function announceFile(path: string): void {
    clearInterval(fileTimer);
    fileTimer = setInterval(() => post({ kind: "orders-file", path }), fileEveryMs);
    post({ kind: "orders-file", path });
  }

  /** The core makes the file, and may not have done so yet. */
  const readFacts: ReadLogFacts = (logId, above, limit) => {
    if (factsDb === undefined && existsSync(factsPath)) factsDb = openReadOnly(factsPath);
    if (factsDb !== undefined) readLogFacts ??= prepareReadLogFacts(factsDb);
    return readLogFacts?.(logId, above, limit) ?? [];
  };

  async function take(message: ReplicaInput): Promise<void> {
    switch (message.kind) {
      case "compose-label": {
        const label = await reader
          .readLabel(message)
          .catch((error: unknown) =>
            fail("label.invalid", { orderId: message.orderId, reason: "it could not be composed" }, error),
          );
        return post({ kind: "label", requestId: message.requestId, label });
      }
      case "pack-facts": {
        const facts = await packFacts(message.request, readFacts);
        // Handed over, not copied: the edge has better things to do.
        const handed = facts === null ? [] : [facts.body.buffer];
        return port.postMessage(
          { kind: "facts", requestId: message.requestId, facts } satisfies ReplicaOutput,
          handed,
        );
      }
      case "token":
        return tokens.set(message.token);
      case "orders-file-open":
        if (message.path === replica.path()) clearInterval(fileTimer);
        return replica.release(message.path);
      case "orders-damaged":
        return replica.reportDamage(message.path, message.reason);
      case "stop":
        abort.abort();
        clearTimeout(countTimer);
        clearInterval(fileTimer);
        reader.close();
        replica.close();
        factsDb?.close();
        end();
    }
  }

  async function follow({ url, newsWithinMs }: NonNullable<ReplicaWorkerData["cloud"]>): Promise<void> {
    await replica.resume();
    follower = followShapes({
      url,
      newsWithinMs,
      tokens,
      replica,
      listener: {
        onAcknowledged: (acknowledgement) => post({ kind: "acknowledged", acknowledgement }),
        onAcknowledgements: (rows) => post({ kind: "acknowledgements", rows }),
        onSettings: () => post({ kind: "settings" }),
        onOrders: announceOrders,
        onLink: (failure) => post({ kind: "link", failure }),
      },
      signal: abort.signal,
    });
  }

  port.on("message", (message: ReplicaInput) => void take(message));
  post({ kind: "ready", ordersVisible: reader.countVisible(), ordersPath: replica.path(), trouble });
  if (cloud !== null) void follow(cloud);
}
