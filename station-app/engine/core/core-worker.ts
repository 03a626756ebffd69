import { parentPort, workerData } from "node:worker_threads";
import { assert } from "@waystation/shared/failures/assert";
import { type CoreWorkerData, runCoreThread } from "./core-thread.ts";

assert(parentPort !== null, "the core runs as a worker thread");
runCoreThread(parentPort, workerData as CoreWorkerData);
