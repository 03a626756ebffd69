import { readFileSync } from "node:fs";
import { readBoolean, readNumber, readObject, readText, type Row } from "./run-description.ts";

/** The newest durable fact when an effect arrived at its device; null: nobody looked. */
type Committed = { readonly logId: string; readonly sequence: number } | null;

export type TwinEvent =
  | {
      readonly event: "label";
      readonly atMs: number;
      readonly printer: string;
      readonly keys: readonly string[];
      readonly committed: Committed;
    }
  | {
      readonly event: "divert";
      readonly atMs: number;
      readonly sorter: string;
      readonly parcelIndex: number;
      readonly chute: number;
      readonly accepted: boolean;
      readonly committed: Committed;
    }
  | { readonly event: "inducted"; readonly parcelIndex: number; readonly told: boolean }
  | { readonly event: "landed"; readonly parcelIndex: number; readonly chute: number }
  | { readonly event: "lost"; readonly parcelIndex: number };

export type EventOf<K extends TwinEvent["event"]> = Extract<TwinEvent, { event: K }>;

/** A last line that broke off was being written when its twin died. Throws an Error that names the line. */
export function readTwinLog(path: string): TwinEvent[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.flatMap((line, at) => {
    const said = parse(line);
    if (line === "" || (said === undefined && at === lines.length - 1)) return [];
    return readEvent(readObject(said, `${path}, line ${at + 1}`), `${path}, line ${at + 1}`);
  });
}

type Read = (value: unknown, name: string) => unknown;

function readEvent(row: Row, name: string): TwinEvent {
  const fields = Object.entries(events).find(([event]) => event === row.event)?.[1];
  if (fields === undefined) throw new Error(`${name}: ${String(row.event)} is no event`);
  const values = Object.entries(fields).map(([key, read]) => [key, read(row[key], `${name}, ${key}`)]);
  return { event: row.event, ...Object.fromEntries(values) } as TwinEvent;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readKeys(keys: unknown, name: string): string[] {
  if (!Array.isArray(keys)) throw new Error(`${name}: a list is expected`);
  return keys.map((key, at) => readText(key, `${name}[${at}]`));
}

function readCommitted(committed: unknown, name: string): Committed {
  if (committed === undefined || committed === null) return null;
  const { logId, sequence } = readObject(committed, name);
  return { logId: readText(logId, `${name}.logId`), sequence: readNumber(sequence, `${name}.sequence`) };
}

/** What a line of each event must hold. */
const events: {
  readonly [K in TwinEvent["event"]]: Readonly<Record<Exclude<keyof EventOf<K>, "event">, Read>>;
} = {
  label: { atMs: readNumber, printer: readText, keys: readKeys, committed: readCommitted },
  divert: {
    ...{ atMs: readNumber, sorter: readText, parcelIndex: readNumber, chute: readNumber },
    ...{ accepted: readBoolean, committed: readCommitted },
  },
  inducted: { parcelIndex: readNumber, told: readBoolean },
  landed: { parcelIndex: readNumber, chute: readNumber },
  lost: { parcelIndex: readNumber },
};
