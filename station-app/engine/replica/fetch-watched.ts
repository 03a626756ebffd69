import { describeCause, type Failure } from "@waystation/shared/failures/result";
import type { TokenSource } from "./token-source.ts";

/** Larger than any chunk a shape server sends (10 MiB and its last row); more than this is not a shape. */
const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * The fetch under the shape client, which repeats lost connections and answers of 5xx by itself and silently: here
 * they are told. A refused token is told to its source, and an answer that does not end is cut off.
 */
export function fetchWatched(tokens: TokenSource, onLink: (failure: Failure | null) => void): typeof fetch {
  return async (input, init) => {
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      if (init?.signal?.aborted !== true) onLink(unreachable(describeCause(error)));
      throw error;
    }
    if (response.status === 401) tokens.refuse(new Headers(init?.headers).get("authorization"));
    if (response.status === 429 || response.status >= 500) onLink(unreachable(`HTTP ${response.status}`));
    return limitBody(response);
  };
}

const unreachable = (cause: string): Failure => ({ code: "cloud.unreachable", details: {}, cause });

function limitBody(response: Response): Response {
  if (response.body === null) return response;
  let received = 0;
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      received += chunk.byteLength;
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
