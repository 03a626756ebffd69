import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@waystation/shared/failures/assert";
import { type ReplicaWorkerData, runReplicaThread } from "./replica-thread.ts";

assert(parentPort !== null, "the replica runs as a worker thread");
// Ends this thread only. Kept-alive connections to the cloud would hold it for seconds.
runReplicaThread(parentPort, workerData as ReplicaWorkerData, () => process.exit(0));
