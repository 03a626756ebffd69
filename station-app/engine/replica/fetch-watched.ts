import { describeCause, type Failure } from "@waystation/shared/failures/result";
import type { Turn } from "./catch-up-turns.ts";
import type { TokenSource } from "./token-source.ts";

/** Larger than any chunk a shape server sends (10 MiB and its last row); more than this is not a shape. */
const maxAnswerBytes = 64 * 1024 * 1024;

export type FetchWatch = {
  readonly tokens: TokenSource;
  readonly onLink: (failure: Failure | null) => void;
  /** Needed for what the station lacks; a held request asks for nothing it could wait for. */
  readonly turn: Turn;
};

/**
 * The fetch under the shape client, which repeats lost connections and answers of 5xx by itself and silently: here
 * they are told. A refused token is told to its source, and an answer that does not end is cut off.
 */
export function fetchWatched({ tokens, onLink, turn }: FetchWatch): typeof fetch {
  return async (input, init) => {
    const headers = await startRequest(input, init);
    let response: Response;
    try {
      response = await fetch(input, { ...init, headers });
    } catch (error) {
      if (init?.signal?.aborted !== true) {
        turn.giveBack();
        onLink(unreachable(describeCause(error)));
      }
      throw error;
    }
    if (!response.ok) turn.giveBack();
    if (response.status === 401) tokens.refuse(headers.get("authorization"));
    if (response.status === 429 || response.status >= 500) onLink(unreachable(`HTTP ${response.status}`));
    return watchBody(response, turn.keep);
  };

  /** What the client prefetches bears the token of its first request, which may be long ago. */
  async function startRequest(...[input, init]: Parameters<typeof fetch>): Promise<Headers> {
    if (isLive(input)) turn.giveBack();
    else await turn.take(init?.signal);
    const headers = new Headers(init?.headers);
    if (headers.has("authorization")) headers.set("authorization", await tokens.authorization());
    return headers;
  }
}

const isLive = (input: Parameters<typeof fetch>[0]): boolean =>
  new URL(input instanceof Request ? input.url : input).searchParams.get("live") === "true";

const unreachable = (cause: string): Failure => ({ code: "cloud.unreachable", details: {}, cause });

function watchBody(response: Response, onBytes: () => void): Response {
  if (response.body === null) return response;
  let received = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
      onBytes();
      if (received > maxAnswerBytes)
        controller.error(new Error(`an answer of more than ${maxAnswerBytes} bytes`));
      else controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(counted), {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  });
}
