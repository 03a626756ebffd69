import { parentPort } from "node:worker_threads";
import { assert } from "@waystation/shared/failures/assert";
import type { CheckAnswer, CheckQuestion } from "./check-thread.ts";
import { checkUpload } from "./check-upload.ts";

assert(parentPort !== null, "uploads are checked in a worker thread");
const port = parentPort;
port.on("message", ({ id, upload, above }: CheckQuestion) => {
  const result = checkUpload(upload, above);
  const answer: CheckAnswer = { id, result };
  port.postMessage(answer, result.ok ? [result.value.rows.buffer] : []);
});
