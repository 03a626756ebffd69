import { Worker } from "node:worker_threads";
import type { Result } from "@waystation/shared/failures/result";
import { type CheckedBatch, checkUpload, type CheckUpload, type UploadToCheck } from "./check-upload.ts";

export type CheckQuestion = { readonly id: number; readonly upload: UploadToCheck; readonly above: number };
export type CheckAnswer = { readonly id: number; readonly result: Result<CheckedBatch> };

export type UploadChecker = {
  readonly check: CheckUpload;
  readonly stop: () => Promise<void>;
};

/** Checks where it is asked: for tests, and for programs whose threads are simulated. */
export const checkHere: UploadChecker = {
  check: async (upload, above) => checkUpload(upload, above),
  stop: async () => undefined,
};

/**
 * Bodies are bounded before they come here, and so is what one becomes; eight may be under way. Where new objects have
 * little room they are looked through all the time: beside the embedded database 50 MB are worth more than
 * a tenth of the processor's time, elsewhere not.
 */
const limitsOf = (isRoomy: boolean) => ({
  maxYoungGenerationSizeMb: isRoomy ? 64 : 16,
  maxOldGenerationSizeMb: 384,
});
const file = new URL("./check-worker.ts", import.meta.url);

type Asked = {
  readonly resolve: (result: Result<CheckedBatch>) => void;
  readonly reject: (error: Error) => void;
};

/**
 * Checks in a thread of its own: unpacking, hashing and reading a batch take as long as storing it, and the embedded
 * database has the main thread to itself meanwhile. A thread that dies fails what was asked of it, and the next
 * question starts another.
 */
export function startCheckThread({ isRoomy = false } = {}): UploadChecker {
  const asked = new Map<number, Asked>();
  let questions = 0;
  let worker: Worker | null = start();

  function start(): Worker {
    const started = new Worker(file, { resourceLimits: limitsOf(isRoomy) });
    // It never keeps a process that has nothing else to do.
    started.unref();
    started.on("message", ({ id, result }: CheckAnswer) => {
      asked.get(id)?.resolve(result);
      asked.delete(id);
    });
    started.on("error", (error) => fail(started, error instanceof Error ? error : new Error(String(error))));
    started.on("exit", () => fail(started, new Error("the thread that checks uploads ended")));
    return started;
  }

  function fail(dead: Worker, error: Error): void {
    if (worker !== dead) return;
    worker = null;
    for (const { reject } of asked.values()) reject(error);
    asked.clear();
  }

  return {
    check: (upload, above) =>
      new Promise((resolve, reject) => {
        worker ??= start();
        questions += 1;
        asked.set(questions, { resolve, reject });
        const question: CheckQuestion = { id: questions, upload, above };
        worker.postMessage(question);
      }),
    stop: async () => {
      await worker?.terminate();
    },
  };
}
