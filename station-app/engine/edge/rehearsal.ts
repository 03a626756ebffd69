import type { DeviceBinding } from "@waystation/drivers/connect-device";
import { decodeBytes } from "@waystation/drivers/decode-bytes";
import { findDefinition } from "@waystation/drivers/registry";
import type { UserDefinitions } from "@waystation/drivers/user-definitions";
import type { SessionEvent } from "@waystation/shared/session/events";

type ReadingEvent = Extract<SessionEvent, { kind: "reading" }>;

export type RehearsalDeps = {
  /** Milliseconds between the end of one rehearsal and the next; 0: never. */
  readonly everyMs: number;
  /** Once more through the device's codec and into the core, which answers. */
  readonly rehearse: (example: ReadingEvent) => void;
};

/** A rehearsal that took long is followed by a rest so many times as long: who has something to do goes first. */
const restPerTurn = 4;

/**
 * Code and data used once per parcel have left the processor's caches when the next one comes, and a verdict then takes
 * half as long again. So from a parcel's induction until its verdict the last parcel's way is walked again and again: from
 * the bytes through the edge into the core and back, and nothing of it is kept. The core says whether a parcel still waits.
 */
export function createRehearsal({ everyMs, rehearse }: RehearsalDeps) {
  let example: ReadingEvent | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isGoing = false;
  let isStopped = false;
  let startedAt = 0;

  function restFor(ms: number): void {
    if (!isStopped) timer = setTimeout(turn, ms);
  }

  function turn(): void {
    if (example === null) return;
    startedAt = performance.now();
    rehearse(example);
  }

  return {
    /** Shown every event that goes to the core. */
    note(event: SessionEvent): void {
      if (event.kind === "reading") example = event;
      if (event.kind !== "inducted" || everyMs === 0 || isGoing || example === null) return;
      isGoing = true;
      restFor(everyMs);
    },
    /** @param isAwaited whether a parcel is still before a gate. */
    answered(isAwaited: boolean): void {
      isGoing = isAwaited;
      if (isGoing) restFor(Math.max(everyMs, restPerTurn * (performance.now() - startedAt)));
    },
    stop(): void {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}

export type ReadingRehearsal = {
  readonly hear: (bytes: Uint8Array) => void;
  readonly rehearse: () => void;
};

/** A telegram is far shorter; what is longer is not worth reading twice. */
const longestBytes = 4096;

/** What a device said last, read again by a codec of its own; null for devices that tell nothing of a parcel. */
export function createReadingRehearsal(
  binding: DeviceBinding,
  definitions: UserDefinitions["definitions"],
): ReadingRehearsal | null {
  const definition = findDefinition(binding.model) ?? definitions.get(binding.model);
  if (definition === undefined || definition.kind === "sorter" || definition.kind === "printer") return null;
  const codec = definition.createCodec(binding.options ?? {});
  if (!codec.ok) return null;
  let heard = new Uint8Array();
  return {
    hear: (bytes) => {
      if (bytes.length <= longestBytes) heard = new Uint8Array(bytes);
    },
    rehearse: () => {
      codec.value.framer.reset();
      decodeBytes(codec.value, [heard]);
    },
  };
}
