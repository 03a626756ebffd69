import { createServer } from "node:http";
import { randomBytes } from "node:crypto";

/** The least that answers a JSON body with another: what any framework and all its checks come on top of. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const reply = JSON.stringify({ nonce: randomBytes(48).toString("base64url"), serverTimeMs: Date.now() });
    response.writeHead(200, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(reply),
    });
    response.end(reply);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`);
});
process.stdin.once("end", () => process.exit(0)).resume();
