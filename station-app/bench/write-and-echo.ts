import { fsyncSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

/**
 * The limit of the hot path as a process of its own: for every message one 8 KiB write with fsync to a file, then
 * the answer. `node write-and-echo.ts FILE`; prints its port.
 */
const file = openSync(process.argv[2] ?? "", "w");
const block = Buffer.alloc(8192, 7);
const blocks = 128;
for (let index = 0; index < blocks; index += 1) writeSync(file, block, 0, block.length, index * block.length);
fsyncSync(file);
let next = 0;

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("data", (bytes) => {
    writeSync(file, block, 0, block.length, (next++ % blocks) * block.length);
    fsyncSync(file);
    socket.write(bytes);
  });
});
server.listen(0, "127.0.0.1", () =>
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`),
);
process.stdin.resume().on("end", () => process.exit(0));
