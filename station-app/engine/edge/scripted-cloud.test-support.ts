import { createPublicKey, randomBytes, verify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { tokenText, uploadFactsRequestSchema } from "@waystation/shared/wire/cloud-http";
import { readFactBatch } from "@waystation/shared/wire/fact-batch";

/** One request as the cloud saw it. */
export type Seen = {
  readonly path: string;
  readonly atMs: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
};
/** What the next upload meets instead of, or (when it says false) before, the usual answer. */
export type Misbehaviour = (request: Seen, response: ServerResponse, take: () => void) => boolean;

export type ScriptedCloud = Awaited<ReturnType<typeof startScriptedCloud>>;

/** A real HTTP server that keeps facts by the cloud's rules, and misbehaves as it is told. */
export async function startScriptedCloud() {
  const logs = new Map<string, StoredFact[]>();
  const script: Misbehaviour[] = [];
  const seen: Seen[] = [];
  const tokens = new Set(["token-1"]);
  const nonces = new Set<string>();
  const state = {
    supported: [1, 2] as readonly number[],
    limitBytes: 16_000_000,
    publicKey: null as string | null,
    code: null as string | null,
    usedBy: null as string | null,
    tokenSeconds: 900,
    tokensGiven: 0,
    loseEnrolmentReply: false,
    mostAtOnce: 0,
    clockMs: () => Date.now(),
  };
  let atOnce = 0;

  function takeFacts(request: Seen): [number, unknown] {
    const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
    if (!tokens.has(token)) return refuse(401, "access.unauthenticated");
    const plain = gunzipSync(request.body);
    if (plain.length > state.limitBytes) return refuse(413, "request.too-large", { limit: state.limitBytes });
    const batch = readBatch(String(request.headers["content-type"]), plain.toString("utf8"), state.supported);
    if (typeof batch === "number")
      return refuse(400, "request.wire-version", { supported: state.supported.join(", "), version: batch });
    if (batch === null) return refuse(400, "request.invalid", { reason: "not JSON" });
    const known = logs.get(batch.logId) ?? [];
    logs.set(batch.logId, known);
    const first = batch.facts[0]?.sequence ?? 0;
    if (first > known.length + 1)
      return refuse(409, "facts.gap", { logId: batch.logId, expectedSequence: known.length + 1 });
    const forked = batch.facts.find(({ sequence, hash }) => (known[sequence - 1]?.hash ?? hash) !== hash);
    if (forked !== undefined)
      return refuse(409, "facts.forked", { logId: batch.logId, sequence: forked.sequence });
    known.push(...batch.facts.filter(({ sequence }) => sequence > known.length));
    return [200, { receivedThrough: known.length, durableThrough: Math.floor(known.length / 2) }];
  }

  function authenticate(path: string, body: Buffer): [number, unknown] {
    if (path.endsWith("/challenges")) {
      const nonce = randomBytes(16).toString("base64url");
      nonces.add(nonce);
      return [200, { nonce, serverTimeMs: state.clockMs() }];
    }
    const { nonce, signature } = JSON.parse(body.toString("utf8")) as { nonce: string; signature: string };
    const stationId = path.split("/")[3] ?? "";
    const isRight =
      state.publicKey !== null &&
      nonces.delete(nonce) &&
      verify(
        null,
        Buffer.from(tokenText(stationId, nonce)),
        createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: state.publicKey }, format: "jwk" }),
        Buffer.from(signature, "base64url"),
      );
    if (!isRight) return refuse(401, "access.unauthenticated");
    state.tokensGiven += 1;
    const token = `token-of-turn-${state.tokensGiven}`;
    tokens.add(token);
    return [200, { token, expiresInSeconds: state.tokenSeconds, serverTimeMs: state.clockMs() }];
  }

  function takeEnrolment(body: Buffer): [number, unknown] {
    const { code, publicKey } = JSON.parse(body.toString("utf8")) as { code: string; publicKey: string };
    if (code !== state.code || (state.usedBy ?? publicKey) !== publicKey)
      return refuse(403, "enrolment.refused");
    state.usedBy = publicKey;
    state.publicKey = publicKey;
    return [200, { stationId: "station-1", name: "Station 1", tenantId: "default", hubId: "main" }];
  }

  function answer(request: Seen, response: ServerResponse): void {
    const reply = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const { path, body } = request;
    if (path === "/livez") return reply(200, { status: "ok", wireVersions: state.supported });
    if (path === "/v1/enrolments") {
      const [status, said] = takeEnrolment(body);
      if (!state.loseEnrolmentReply) return reply(status, said);
      state.loseEnrolmentReply = false;
      response.destroy();
      return;
    }
    if (path.endsWith("/challenges") || path.endsWith("/tokens")) return reply(...authenticate(path, body));
    if (path.endsWith("/report"))
      return reply(200, { serverTimeMs: state.clockMs(), wireVersions: state.supported });
    const misbehave = script.shift();
    if (misbehave?.(request, response, () => void takeFacts(request)) === true) return;
    reply(...takeFacts(request));
  }

  const server = createServer((incoming, response) => {
    atOnce += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, atOnce);
    response.once("close", () => (atOnce -= 1));
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { url = "", headers } = incoming;
      const request = { path: url, atMs: performance.now(), headers, body: Buffer.concat(chunks) };
      seen.push(request);
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    script,
    seen,
    tokens,
    logs,
    uploads: () => seen.filter(({ path }) => path.endsWith("/facts")),
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const refuse = (status: number, code: string, details: object = {}): [number, unknown] => [
  status,
  { failure: { code, details } },
];

/** Null for what it cannot read, a number for a version it does not know. */
function readBatch(
  contentType: string,
  body: string,
  supported: readonly number[],
): { logId: string; facts: readonly StoredFact[] } | number | null {
  if (contentType === "application/json") return uploadFactsRequestSchema.parse(JSON.parse(body));
  if (!supported.some((version) => version > 1)) return null;
  const { wireVersion } = JSON.parse(body.split("\n")[0] ?? "{}") as { wireVersion: number };
  if (!supported.includes(wireVersion)) return wireVersion;
  const batch = readFactBatch(body);
  if (!batch.ok) throw new Error(JSON.stringify(batch.failure));
  return batch.value;
}
