import { describeCause } from "@waystation/shared/failures/result";
import { isDamage } from "../core/database-damage.ts";
import type { OrderReplica } from "./order-replica.ts";
import { prepareReadLabel } from "./read-label.ts";

/** The replica thread's own view of the file in use: only what is committed, and never in the writer's way. */
export function openOrderReader(replica: OrderReplica) {
  let opened = open();
  let counted = 0;

  function open() {
    const path = replica.path();
    const db = replica.openReader();
    return { path, db, readLabel: prepareReadLabel(db, (reason) => replica.reportDamage(path, reason)) };
  }

  return {
    reopen(): void {
      const former = opened;
      opened = open();
      former.db.close();
    },
    readLabel: (...request: Parameters<typeof opened.readLabel>) => opened.readLabel(...request),
    /** The last number known, where the file cannot be counted. */
    countVisible(): number {
      try {
        counted = Number(opened.db.prepare("SELECT count(*) FROM orders").pluck().get());
      } catch (error) {
        if (!isDamage(error)) throw error;
        replica.reportDamage(opened.path, describeCause(error));
      }
      return counted;
    },
    close: () => void opened.db.close(),
  };
}
