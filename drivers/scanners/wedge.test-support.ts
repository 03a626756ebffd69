import type { Reading } from "@waystation/shared/model/reading";
import { createWedgeDecoder, type WedgeKey, wedgeOptionsSchema } from "./wedge.ts";

type Change = Partial<WedgeKey>;

const keyEvent = (type: "down" | "up", code: string, atMs: number, change: Change): WedgeKey => ({
  type,
  code,
  key: "Process",
  atMs,
  shift: false,
  ctrl: false,
  alt: false,
  altGraph: false,
  isComposing: false,
  repeat: false,
  ...change,
});

/** A key goes down and up `holdMs` later. */
export const tap = (code: string, atMs: number, holdMs: number, change: Change = {}): WedgeKey[] => [
  keyEvent("down", code, atMs, change),
  keyEvent("up", code, atMs + holdMs, change),
];

const modifierNames: Readonly<Record<string, keyof WedgeKey>> = { Shift: "shift", Ctrl: "ctrl", Alt: "alt" };
const modifierCodes: Readonly<Record<string, string>> = {
  Shift: "ShiftLeft",
  Ctrl: "ControlLeft",
  Alt: "AltLeft",
};

/** "Ctrl+Shift+KeyJ", "Alt+Numpad0+Numpad2": modifiers down, the keys one after the other, modifiers up. */
function press(chord: string, atMs: number, gapMs: number): { events: WedgeKey[]; endsAtMs: number } {
  const parts = chord.split("+");
  const mods = parts.filter((part) => part in modifierNames);
  const change: Change = Object.fromEntries(mods.map((name) => [modifierNames[name] ?? "", true]));
  const events = mods.map((name) => keyEvent("down", modifierCodes[name] ?? "", atMs, change));
  let now = atMs;
  for (const code of parts.filter((part) => !(part in modifierNames))) {
    now += gapMs / 2;
    events.push(...tap(code, now, gapMs / 2, change));
    now += gapMs / 2;
  }
  events.push(...mods.toReversed().map((name) => keyEvent("up", modifierCodes[name] ?? "", now, {})));
  return { events, endsAtMs: now };
}

/** What a scanner does for these keys; "Wait" is the time to the next barcode. */
export function playScanner(keys: readonly string[], startMs: number, gapMs: number): WedgeKey[] {
  let now = startMs;
  return keys.flatMap((chord) => {
    if (chord === "Wait") {
      now += 300;
      return [];
    }
    const { events, endsAtMs } = press(chord, now, gapMs);
    now = endsAtMs;
    return events;
  });
}

/** To the window all keyboards are one: a key that is down already, pressed on another one, repeats. */
function mergeKeyboards(events: readonly WedgeKey[]): WedgeKey[] {
  const down = new Map<string, number>();
  return events.map((event) => {
    const count = down.get(event.code) ?? 0;
    down.set(event.code, count + (event.type === "down" ? 1 : -1));
    return event.type === "down" && count > 0 ? { ...event, repeat: true } : event;
  });
}

/** Feeds events in the order of their time, and ticks as the window would. */
export function decodeKeys(events: readonly WedgeKey[], options: Record<string, unknown> = {}) {
  const decoder = createWedgeDecoder<WedgeKey>(wedgeOptionsSchema.parse(options));
  const readings: Reading[] = [];
  const passed: WedgeKey[] = [];
  let mostHeld = 0;
  const keep = (said: ReturnType<typeof decoder.take>) => {
    readings.push(...said.readings);
    passed.push(...said.released);
  };
  const tickUntil = (atMs: number) => {
    const due = decoder.dueAtMs();
    if (due !== null && due < atMs) keep(decoder.tick(due));
  };
  for (const event of mergeKeyboards(events.toSorted((a, b) => a.atMs - b.atMs))) {
    tickUntil(event.atMs);
    const said = decoder.take(event);
    keep(said);
    if (said.letThrough && event.type === "down" && !event.repeat) passed.push(event);
    mostHeld = Math.max(mostHeld, decoder.heldKeys());
  }
  tickUntil(Number.POSITIVE_INFINITY);
  return { readings, passed, mostHeld };
}
