import { readOffset, type ShapePosition } from "./log-position.ts";
import type { Replica } from "./shape-definition.ts";

/** What a request says about its place in a shape, whichever shape it is. */
export type ShapeParams = {
  readonly position: ShapePosition;
  /** As it was written, for the entity tag. */
  readonly offset: string;
  /** Null at the very start, where it says nothing. */
  readonly handle: string | null;
  readonly live: boolean;
  readonly cursor: string;
  readonly replica: Replica;
};

/** The parameter that is wrong or not supported, and the sentence that says so. */
export type ParamError = {
  readonly parameter: string;
  readonly message: string;
  /** Set when it is a part of the protocol that is not here: what of it was asked for. */
  readonly feature: string | null;
};

export type ParamReply<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ParamError };

export const refuseParam = (parameter: string, message: string): { ok: false; error: ParamError } => ({
  ok: false,
  error: { parameter: parameter.slice(0, 60), message, feature: null },
});

const notSupported = "is not supported by this server";

/** Parts of the protocol that are not here are refused by name; what nobody knows is ignored. */
export function readShapeParams(query: URLSearchParams): ParamReply<ShapeParams> {
  const unsupported = findUnsupported(query);
  if (unsupported !== null) return { ok: false, error: unsupported };
  const offset = query.get("offset") ?? "";
  if (offset === "") return refuseParam("offset", "can't be blank");
  const position = readOffset(offset);
  if (position === null) return refuseParam("offset", "has invalid format");
  const isStart = position.kind === "start";
  const handle = isStart ? null : query.get("handle");
  if (!isStart && (handle === null || handle === ""))
    return refuseParam("handle", "can't be blank when offset != -1");
  const live = readFlag(query.get("live"));
  if (live === null) return refuseParam("live", "is invalid");
  if (live && isStart) return refuseParam("live", "can't be true when offset == -1");
  const replica = query.get("replica") === "full" ? "full" : "default";
  return { ok: true, value: { position, offset, handle, live, cursor: query.get("cursor") ?? "", replica } };
}

/** `&live` alone means true, as browsers and Electric's own tests write it. */
function readFlag(text: string | null): boolean | null {
  if (text === null || text === "false") return false;
  return text === "true" || text === "" ? true : null;
}

function findUnsupported(query: URLSearchParams): ParamError | null {
  for (const [parameter, value] of query) {
    const message = judgeParameter(parameter, value);
    if (message === null) continue;
    const name = parameter.slice(0, 60);
    const feature = name.startsWith("subset") ? name : `${name}=${value.slice(0, 40)}`;
    return { parameter: name, message, feature };
  }
  return null;
}

function judgeParameter(parameter: string, value: string): string | null {
  if (/^subset(__|\[|$)/.test(parameter)) return notSupported;
  const shown = value.slice(0, 40);
  switch (parameter) {
    case "live_sse":
    case "experimental_live_sse":
      return value === "false" ? null : notSupported;
    case "experimental_compaction":
      return value === "false" ? null : notSupported;
    case "offset":
      return value === "now" ? `now ${notSupported}` : null;
    case "log":
      return value === "full" ? null : `${shown} ${value === "changes_only" ? notSupported : "is invalid"}`;
    case "replica":
      return value === "default" || value === "full" ? null : `${shown} is invalid`;
    default:
      return null;
  }
}
