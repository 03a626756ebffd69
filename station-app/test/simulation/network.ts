import type { Platform } from "./platform.ts";
import type { SimulatedProcess } from "./process.ts";
import { reasonOf } from "./time.ts";

/** What a request is for: faults are told by it. */
export type Exchange = "upload" | "shape" | "token" | "report";

/** What becomes of one exchange; absent: it goes well. */
export type Mishap =
  | "delay"
  | "duplicate"
  | "late-copy"
  | "cut-request"
  | "cut-reply"
  | "lost-request"
  | "lost-reply"
  | "busy";

export type CloudEnd = {
  readonly process: SimulatedProcess;
  readonly answer: (request: Request) => Promise<Response>;
};

export type NetworkTap = {
  /** Asked once per exchange, when it sets out. */
  readonly mishap: (station: string, exchange: Exchange) => Mishap | null;
  /** An exchange reached a point at which something may happen. */
  readonly onPoint: (
    station: string,
    exchange: Exchange,
    point: "sent" | "arrived" | "answered" | "returned",
  ) => void;
  readonly isCut: (station: string) => "no" | "refused" | "silent";
  /** The cloud is an older program that knows this version of the wire and no newer one. */
  readonly speaksOnly: () => number | null;
  /** An answer reached the station whole. */
  readonly onReply: (station: string, exchange: Exchange, status: number, body: Uint8Array) => void;
};

const wayMs = { least: 2, most: 30 };
const lostMs = 21_000;

/** One for all: each of its own would be told who called whom. */
const gone = new DOMException("whoever asked is gone", "AbortError");

/** Between stations and cloud: every request by itself, each way with a time of its own. */
export function createNetwork(platform: Platform, cloud: () => CloudEnd | null, tap: NetworkTap) {
  platform.setFetch((sender, url, init) => {
    const station = sender?.name ?? "nobody";
    const exchange = nameExchange(new URL(url).pathname);
    const random = sender?.random;
    const way = (): number => random?.between(wayMs.least, wayMs.most) ?? 1;
    const mishap = tap.mishap(station, exchange);
    return new Promise<Response>((resolve, reject) => {
      let isOver = false;
      const finish = (): void => {
        isOver = true;
        init.signal?.removeEventListener("abort", cancel);
        sender?.onEnd.delete(giveUp);
        server?.onEnd.delete(breakDown);
      };
      const back = (act: () => void, delayMs: number): void => {
        platform.after(delayMs, () => {
          if (isOver) return;
          finish();
          platform.enter(sender, act);
        });
      };
      const refuse = (cause: string, delayMs: number): void =>
        back(() => reject(new TypeError("fetch failed", { cause: new Error(cause) })), delayMs);
      const serverSide = new AbortController();
      const cancel = ({ target }: Event): void => {
        serverSide.abort(gone);
        back(() => reject(reasonOf(target as AbortSignal)), 0);
      };
      init.signal?.addEventListener("abort", cancel);
      /** Either end may die meanwhile. */
      let server: SimulatedProcess | null = null;
      const breakDown = (): void => refuse("ECONNRESET", way());
      const giveUp = (): void => {
        finish();
        serverSide.abort(gone);
      };
      sender?.onEnd.add(giveUp);
      tap.onPoint(station, exchange, "sent");

      function arrive(isCopy: boolean): void {
        const end = cloud();
        const state = tap.isCut(station);
        if (state === "silent" || mishap === "lost-request") return refuse("ETIMEDOUT", lostMs);
        if (end === null || state === "refused") return refuse("ECONNREFUSED", way());
        tap.onPoint(station, exchange, "arrived");
        if (!end.process.isAlive) return refuse("ECONNRESET", way());
        if (!isOver) {
          server = end.process;
          server.onEnd.add(breakDown);
        }
        platform.enter(end.process, () => void serve(end, isCopy));
      }

      async function serve(end: CloudEnd, isCopy: boolean): Promise<void> {
        const version = tap.speaksOnly();
        if (version !== null && exchange === "upload" && !isOfVersion(init, version)) {
          const failure = {
            code: "request.wire-version",
            details: { supported: String(version), version: 2 },
          };
          return back(() => resolve(Response.json({ failure }, { status: 400 })), way());
        }
        const request = makeRequest(url, init, mishap === "cut-request", serverSide.signal);
        const response = await end.answer(request);
        const bytes = new Uint8Array(await response.arrayBuffer());
        if (!end.process.isAlive) return;
        tap.onPoint(station, exchange, "answered");
        if (isCopy || !end.process.isAlive) return;
        if (mishap === "cut-request" || mishap === "lost-reply")
          return refuse("ECONNRESET", mishap === "lost-reply" ? lostMs : way());
        const { status, headers } = response;
        back(() => {
          tap.onPoint(station, exchange, "returned");
          if (sender !== null && !sender.isAlive) return;
          if (mishap !== "cut-reply") tap.onReply(station, exchange, status, bytes);
          resolve(makeResponse(bytes, { status, headers }, mishap === "cut-reply"));
        }, way());
      }

      if (mishap === "busy")
        return back(
          () => resolve(new Response("{}", { status: 429, headers: { "retry-after": "3" } })),
          way(),
        );
      const delayMs = mishap === "delay" ? (random?.between(1000, 25_000) ?? 0) : 0;
      platform.after(way() + delayMs, () => arrive(false));
      if (mishap === "duplicate") platform.after(way() + way(), () => arrive(true));
      // Comes again when the station has long gone on.
      if (mishap === "late-copy") platform.after(random?.between(20_000, 600_000) ?? 0, () => arrive(true));
    });
  });
}

/** The first version was JSON. */
const isOfVersion = (init: RequestInit, version: number): boolean =>
  (new Headers(init.headers).get("content-type") === "application/json") === (version === 1);

function nameExchange(path: string): Exchange {
  if (path === "/v1/shape") return "shape";
  if (path.endsWith("/facts")) return "upload";
  return path.endsWith("/report") ? "report" : "token";
}

type Body = {
  readonly method: string;
  readonly headers: Headers;
  readonly body?: ReadableStream | Uint8Array<ArrayBuffer>;
  readonly duplex?: "half";
  readonly signal: AbortSignal;
};

function makeRequest(url: string, init: RequestInit, isCut: boolean, signal: AbortSignal): Request {
  const method = init.method ?? "GET";
  const headers = new Headers(init.headers);
  const bytes = init.body === undefined || init.body === null ? null : toBytes(init.body);
  if (bytes === null) return new Request(url, { method, headers, signal });
  const whole: Body = { method, headers, body: bytes, signal };
  if (!isCut) return new Request(url, whole);
  const cut = breakOff(bytes, "the sender is gone");
  return new Request(url, { ...whole, body: cut, duplex: "half" } as RequestInit);
}

function makeResponse(bytes: Uint8Array<ArrayBuffer>, init: ResponseInit, isCut: boolean): Response {
  const hasBody = init.status !== 204 && init.status !== 304;
  if (!hasBody) return new Response(null, init);
  return new Response(isCut ? breakOff(bytes, "terminated") : bytes, init);
}

/** Half of it, and then an error. */
function breakOff(bytes: Uint8Array<ArrayBuffer>, reason: string): ReadableStream<Uint8Array> {
  const half = bytes.subarray(0, bytes.length >> 1);
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      if (half.length > 0) controller.enqueue(half);
    },
    pull: (controller) => controller.error(new TypeError(reason)),
  });
}

function toBytes(body: BodyInit): Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return new Uint8Array(Buffer.from(body));
  if (body instanceof Uint8Array) return new Uint8Array(body);
  throw new Error("a body of another kind");
}
