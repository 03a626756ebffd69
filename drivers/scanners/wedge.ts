import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { acceptScan, scanFilterOptions } from "./accept-scan.ts";
import { findSymbology } from "./aim.ts";
import { findControlCharacter, findPadDigit, findUsCharacter } from "./us-keys.ts";

export const wedgeOptionsSchema = z.strictObject({
  ...scanFilterOptions,
  /** Characters the scanner is set to send first. */
  prefix: z.string().max(16).default(""),
  /** The key the scanner is set to send last. "none": silence ends a scan, and a lost key is not noticed. */
  suffix: z.enum(["Enter", "Tab", "none"]).default("Enter"),
  /** Longest time between two keys of a scan; nobody types several keys that fast. */
  longestGapMs: z.int().min(5).max(500).default(35),
  /** Fewer characters in a row are a person's. */
  fewestCharacters: z.int().min(2).max(64).default(4),
  mostKeys: z.int().min(16).max(4096).default(512),
  /** The scanner presses its next key before it lets go of the one before; a short tap of a person is then not noticed. */
  keysOverlap: z.boolean().default(false),
  /** Keys that stand for the group separator, besides Ctrl+] and Alt+029 on the number pad. */
  separatorKeys: z.array(z.string().min(1)).max(8).default(["F8"]),
});
export type WedgeOptions = z.infer<typeof wedgeOptionsSchema>;

/** A keyboard event, as the window sees it. `atMs` is the event's own time, not that of its handling. */
export type WedgeKey = {
  readonly type: "down" | "up";
  readonly code: string;
  readonly key: string;
  readonly atMs: number;
  readonly shift: boolean;
  readonly ctrl: boolean;
  readonly alt: boolean;
  readonly altGraph: boolean;
  readonly isComposing: boolean;
  readonly repeat: boolean;
};

export type WedgeAnswer<Key> = {
  /** false: nobody else may see this key, or not yet. */
  readonly letThrough: boolean;
  /** Keys held until now that were a person's after all, in their order. */
  readonly released: readonly Key[];
  readonly readings: readonly Reading[];
};

type Held<Key> = {
  readonly key: Key;
  text: string;
  upAtMs: number | null;
  /** Another key went down before this one came up. */
  isOverlapped: boolean;
  /** It repeated: two keyboards press it, and one of them is a person's. */
  isRepeated: boolean;
};

/** A key down for longer, without repeating, went up unseen. */
const forgottenAfterMs = 1000;
const groupSeparator = "\u001d";
const modifiers = /^(Shift|Control|Alt|Meta|OS|AltGraph|CapsLock|NumLock|ScrollLock|Fn)/;

/**
 * Tells a scanner in keyboard mode from a person, wherever the focus is. A scanner presses and releases one key after
 * the other, a few milliseconds apart, and ends with its suffix. A person is slower and holds a key longer. So keys that come fast are held back until it is clear whose they
 * are; a person's are released in their order, and a scan into which a person typed is refused, not guessed.
 *
 * Only a scanner and a person who tap Shift at the same moment cannot be told apart.
 */
export function createWedgeDecoder<Key extends WedgeKey>(options: WedgeOptions) {
  const { longestGapMs, fewestCharacters, mostKeys } = options;
  let held: Held<Key>[] = [];
  let suffix: Key | null = null;
  let padDigits = "";
  /** Why this run of keys cannot be a scan any more; it lasts until the next silence. */
  let spoiled: string | null = null;
  let startedAtMs = 0;
  let lastDownAtMs = Number.NEGATIVE_INFINITY;
  let endedBy: "silence" | "suffix" | null = null;
  let shiftDownAtMs: number | null = null;
  /** A person had a key down when the run began: the same key of the scanner would not be heard. */
  let isKeyDown = false;
  const passedKeys = new Map<string, number>();
  let repeatedAtMs = Number.NEGATIVE_INFINITY;
  let released: Key[] = [];
  let readings: Reading[] = [];

  const answer = (letThrough: boolean): WedgeAnswer<Key> => {
    const said = { letThrough, released, readings };
    released = [];
    readings = [];
    return said;
  };
  const isRunning = () => held.length > 0 || suffix !== null || spoiled !== null;
  const countCharacters = () => held.reduce((sum, { text }) => sum + text.length, 0);

  const endRun = (by: "silence" | "suffix") => {
    held = [];
    suffix = null;
    padDigits = "";
    spoiled = null;
    isKeyDown = false;
    endedBy = by;
  };

  const letGo = (keys: readonly Held<Key>[]) => {
    for (const { key, upAtMs } of keys) {
      released.push(key);
      if (upAtMs === null) passedKeys.set(key.code, key.atMs);
    }
  };
  const markOverlapped = () => {
    for (const one of held) if (one.upAtMs === null) one.isOverlapped = true;
  };
  /** No scanner holds a key as long as a person does. */
  const isPersons = ({ key, upAtMs, isRepeated }: Held<Key>): boolean => {
    if (isRepeated) return true;
    if (upAtMs === null && !options.keysOverlap) return true;
    return (upAtMs ?? lastDownAtMs) - key.atMs > longestGapMs;
  };
  const isDisturbed = (one: Held<Key>) => (one.isOverlapped && !options.keysOverlap) || isPersons(one);

  /** Nobody knows what the scan was: a person's keys go on their way, the scanner's go nowhere. */
  const giveUp = (reason: string) => {
    const persons = held.filter(isPersons);
    const isTyping = persons.length * 2 > held.length && spoiled === null;
    letGo(isTyping ? held : persons);
    if (!isTyping) readings.push({ kind: "refused", reason });
  };

  const finishScan = () => {
    const text = held.map((one) => one.text).join("");
    if (held.some(isDisturbed)) return giveUp("a key was pressed during the scan");
    if (spoiled !== null) return giveUp(spoiled);
    if (isKeyDown) return giveUp("a key was held down during the scan");
    readings.push(...readText(text, options));
  };

  /** Longer than any scanner waits: what is held is a scan that never ended, or a person's. */
  const settle = () => {
    if (suffix !== null) hold(suffix, "");
    flushPad();
    const characters = countCharacters();
    if (spoiled === null && characters === 0 && endedBy === "suffix") letGo(held.filter(isPersons));
    else if (spoiled === null && characters < fewestCharacters) letGo(held);
    else if (options.suffix === "none") finishScan();
    else giveUp(spoiled ?? `no ${options.suffix} after the scan`);
    endRun("silence");
  };

  const hold = (key: Key, text: string) => {
    held.push({ key, text, upAtMs: null, isOverlapped: false, isRepeated: false });
    if (held.length <= mostKeys) return;
    spoiled = `more than ${mostKeys} keys`;
    letGo(held.filter((one) => one.upAtMs !== null && isPersons(one)));
    held = held.filter((one) => one.upAtMs === null).slice(-mostKeys);
  };

  /** Alt and a number typed on the pad: the character comes when Alt goes up. */
  const flushPad = () => {
    const last = held.at(-1);
    if (padDigits !== "" && last !== undefined) {
      const code = Number(padDigits);
      if (code < 0x7f) last.text = String.fromCharCode(code);
      else spoiled = `character ${padDigits} by the number pad`;
    }
    padDigits = "";
  };

  /** Right after a scan: a second suffix, or the line feed of a CR LF. */
  const isTrailing = (key: Key) =>
    !isRunning() && endedBy === "suffix" && key.atMs - lastDownAtMs <= longestGapMs;

  /** What the key would add to a scan; null: no scanner sends it, or not now. */
  const readKey = (key: Key): string | null => {
    const isInside = isRunning();
    if (key.altGraph) return null;
    if (key.alt) return findPadDigit(key.code) === null || !isInside ? null : "";
    if (options.separatorKeys.includes(key.code)) return isInside ? groupSeparator : null;
    if (!key.ctrl) return findUsCharacter(key.code, key.shift);
    const control = findControlCharacter(key.code, key.shift);
    if (isTrailing(key)) return control === "\n" || control === "\r" ? "" : null;
    return isInside ? control : null;
  };

  const isSuffix = ({ code }: Key): boolean =>
    options.suffix !== "none" && (code === options.suffix || code === `Numpad${options.suffix}`);

  const beginRun = (key: Key) => {
    startedAtMs = key.atMs;
    const isLate = endedBy === "silence" && key.atMs - lastDownAtMs <= longestGapMs;
    if (isLate) spoiled = "keys of one scan came in two parts";
    for (const [code, seenAtMs] of passedKeys) {
      if (key.atMs - seenAtMs > forgottenAfterMs) passedKeys.delete(code);
    }
    isKeyDown = passedKeys.size > 0 || key.atMs - repeatedAtMs <= longestGapMs;
  };

  /** It was not the last key after all. */
  const takeBackSuffix = (key: Key) => {
    suffix = null;
    hold(key, "");
    spoiled = "a key was pressed during the scan";
  };

  /** What is true of any key of a run, whatever it stands for. */
  const enterRun = (key: Key) => {
    if (!isRunning()) beginRun(key);
    if (suffix !== null) takeBackSuffix(suffix);
    markOverlapped();
    const isOldShift = key.shift && (shiftDownAtMs === null || shiftDownAtMs < startedAtMs - longestGapMs);
    if (isOldShift && held.length > 0) spoiled = "Shift was held during the scan";
    lastDownAtMs = key.atMs;
  };

  const takeSuffix = (key: Key): WedgeAnswer<Key> => {
    const isTrail = isTrailing(key);
    if (!isRunning() && !isTrail) return pass(key);
    enterRun(key);
    if (isTrail) hold(key, "");
    else suffix = key;
    if (key.shift && !isTrail) spoiled = "Shift was held during the scan";
    return answer(false);
  };

  /** A key that is nobody's but the person's. */
  const pass = (key: Key): WedgeAnswer<Key> => {
    passedKeys.set(key.code, key.atMs);
    return answer(true);
  };

  const repeatKey = (key: Key): WedgeAnswer<Key> => {
    if (isRunning() && key.atMs - lastDownAtMs > longestGapMs) settle();
    repeatedAtMs = key.atMs;
    if (!isRunning()) return pass(key);
    if (suffix !== null) takeBackSuffix(suffix);
    lastDownAtMs = key.atMs;
    spoiled ??= "a key was held down during the scan";
    for (const one of held) if (one.key.code === key.code && one.upAtMs === null) one.isRepeated = true;
    return answer(false);
  };

  const pressKey = (key: Key): WedgeAnswer<Key> => {
    if (isRunning() && key.atMs - lastDownAtMs > longestGapMs) settle();
    if (!key.alt) flushPad();
    if (isSuffix(key)) return takeSuffix(key);
    const text = readKey(key);
    if (text === null) return pass(key);
    enterRun(key);
    if (key.alt) padDigits = `${padDigits}${findPadDigit(key.code) ?? ""}`.slice(-4);
    hold(key, text);
    return answer(false);
  };

  const endWithSuffix = (key: Key, upAtMs: number): WedgeAnswer<Key> => {
    const isTooShort = spoiled === null && countCharacters() < fewestCharacters;
    suffix = null;
    // too little before it: a person's perhaps; if more follows it was a control character inside the barcode
    held.push({ key, text: isTooShort ? "\r" : "", upAtMs, isOverlapped: false, isRepeated: false });
    if (isTooShort) return answer(false);
    finishScan();
    endRun("suffix");
    return answer(false);
  };

  const releaseKey = (key: Key): WedgeAnswer<Key> => {
    passedKeys.delete(key.code);
    if (suffix?.code === key.code) return endWithSuffix(suffix, key.atMs);
    const down = held.find((one) => one.key.code === key.code && one.upAtMs === null);
    if (down === undefined) return answer(true);
    down.upAtMs = key.atMs;
    return answer(false);
  };

  const noteModifier = (key: Key): WedgeAnswer<Key> => {
    if (key.code.startsWith("Alt")) flushPad();
    if (key.code.startsWith("Shift")) shiftDownAtMs = key.type === "down" ? key.atMs : null;
    return answer(true);
  };

  return {
    take: (key: Key): WedgeAnswer<Key> => {
      if (modifiers.test(key.code)) return noteModifier(key);
      if (key.repeat && key.type === "down") return repeatKey(key);
      return key.type === "down" ? pressKey(key) : releaseKey(key);
    },
    /** To be called when `dueAtMs` has come. */
    tick: (nowMs: number): WedgeAnswer<Key> => {
      if (isRunning() && nowMs - lastDownAtMs > longestGapMs) settle();
      return answer(true);
    },
    dueAtMs: (): number | null => (isRunning() ? lastDownAtMs + longestGapMs + 1 : null),
    heldKeys: () => held.length,
    /** The keyboard belongs to somebody else now, e.g. to a dialog. */
    reset: (): WedgeAnswer<Key> => {
      if (isRunning()) settle();
      shiftDownAtMs = null;
      passedKeys.clear();
      return answer(true);
    },
  };
}

function readText(text: string, options: WedgeOptions): readonly Reading[] {
  if (!text.startsWith(options.prefix)) return [{ kind: "refused", reason: "prefix missing" }];
  const rest = text.slice(options.prefix.length);
  const symbology = findSymbology(rest);
  return acceptScan(symbology === null ? rest : rest.slice(3), symbology ?? "unknown", options);
}
