import { failureCatalog } from "@waystation/shared/failures/catalog";

/**
 * What leaves the machine is chosen, not cleaned: a text stays only where its key says that it is one of ours and it
 * looks like an id, a word or a number. Messages, reasons and names are free text and may hold anything.
 */
const safeKeys: ReadonlySet<string> = new Set([
  ...[
    "stationId",
    "laneId",
    "deviceId",
    "parcelId",
    "logId",
    "bootId",
    "requestId",
    "hubId",
    "kind",
    "model",
    "family",
  ],
  ...[
    "type",
    "state",
    "status",
    "profile",
    "cloud",
    "code",
    "failureCode",
    "level",
    "event",
    "method",
    "route",
    "refusal",
  ],
  ...[
    "actor",
    "job",
    "log",
    "at",
    "startedAt",
    "lastSeenAt",
    "reportedAt",
    "takenAt",
    "name",
    "appVersion",
    "version",
  ],
  ...[
    "host",
    "unit",
    "role",
    "steps",
    "scanner",
    "scale",
    "printer",
    "sorter",
    "dimensioner",
    "outcome",
    "fileName",
  ],
  ...["nodeVersion", "platform", "arch", "schema", "slot", "backupState", "systemCode", "identity"],
]);
/** Under these a `name` is a program's or a process's; elsewhere it is a person's or a place's. */
const namedThings: ReadonlySet<string> = new Set(["processes", "started", "children"]);
const plain = /^[A-Za-z0-9._:/+-]{1,100}$/;
const secretKey = /token|secret|password|^pin|Pin$|PinHash|key|credential|cookie|signature|nonce|hash/i;
const leftOut = "[left out]";
const deepest = 8;
const longest = 200;

export function scrubValue(value: unknown, key = "", parent = "", depth = 0): unknown {
  if (secretKey.test(key)) return "[secret]";
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") return isSafe(value, key, parent) ? value : leftOut;
  if (typeof value !== "object" || depth >= deepest) return leftOut;
  if (Array.isArray(value))
    return value.slice(0, longest).map((item) => scrubValue(item, key, parent, depth + 1));
  const entries = Object.entries(value)
    .slice(0, longest)
    // A key may be somebody's data, too; ours are words of a program.
    .filter(([name]) => /^[a-z][A-Za-z0-9]{0,40}$/.test(name))
    .map(([name, inner]) => [name, scrubValue(inner, name, key || parent, depth + 1)]);
  return Object.fromEntries(entries);
}

function isSafe(value: string, key: string, parent: string): boolean {
  if (value in failureCatalog) return true;
  if (key === "name" && !namedThings.has(parent)) return false;
  return safeKeys.has(key) && plain.test(value.replace(/^(station|person|key) /, ""));
}

/** Log lines that only we write, word for word. */
const ownLines = /^(--- [\w-]+ started as process \d+|--- ended: (exit code \d+|signal SIG[A-Z]+)|ready)$/;
/** Kinds and codes of errors: a word of the language or the system, never data. */
const errorWords =
  /\b(?:[A-Z][A-Za-z]*Error|E[A-Z]{3,}|SQLITE_[A-Z_]+|ERR_[A-Z_]+|[A-Za-z-]+\.(?:ts|js):\d+(?::\d+)?)\b/g;

/** One line of a log: its time, and what of it is ours. */
export function scrubLine(line: string): string {
  const [, at = "", rest = ""] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z )?(.*)$/s.exec(line) ?? [];
  if (ownLines.test(rest)) return at + rest;
  const [, channel = "", text = ""] = /^(out |err )?(.*)$/s.exec(rest) ?? [];
  const object = parseObject(text);
  if (object !== null) return `${at}${channel}${JSON.stringify(scrubValue(object))}`;
  const words = text.match(errorWords) ?? [];
  return `${at}${channel}${words.length === 0 ? leftOut : `${leftOut} ${[...new Set(words)].slice(0, 8).join(" ")}`}`;
}

function parseObject(text: string): object | null {
  if (!text.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
