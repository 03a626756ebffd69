/**
 * A process with nothing but the store, for the recorder: `node synced-commits.ts '{"path":...}'` opens the file
 * as the product does, commits, closes, and does the same with a second connection.
 */
import { openDurable } from "../../engine/core/open-database.ts";
import { openStore } from "../../engine/core/store.ts";
import { weakenSync } from "./weaken-sync.ts";

export type SyncPlan = { readonly path: string; readonly commits: number; readonly weak: boolean };

const { path, commits, weak } = JSON.parse(process.argv[2] ?? "{}") as SyncPlan;
if (weak) weakenSync();
const actor = { kind: "engine" } as const;
const payload = { appVersion: "test", wireVersion: 1 };
const store = openStore(path, "station-1");
// Beside the store, not after it: a second connection must not be the one that SQLite's default weakens.
const second = openDurable(path);
for (let commit = 0; commit < commits; commit += 1)
  store.commit([{ name: "station.booted.v1", lane: null, parcelId: null, actor, payload }]);
const acknowledge = second.prepare("UPDATE log SET acknowledged_through = ?");
for (let commit = 1; commit <= commits; commit += 1) acknowledge.run(commit);
// No close: it would checkpoint and sync, and hide a commit that did not.
process.kill(process.pid, "SIGKILL");
