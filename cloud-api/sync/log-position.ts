/**
 * Where a client stands. `start`: it has nothing. `snapshot`: it has the chunks up to this one. `after-snapshot`:
 * it has the whole snapshot and no change since. `log`: it has every change up to this one.
 */
export type ShapePosition =
  | { readonly kind: "start" }
  | { readonly kind: "snapshot"; readonly chunk: number }
  | { readonly kind: "after-snapshot" }
  | ({ readonly kind: "log" } & LogPosition);

/** Number of the commit, and place of the message in it: twice the entry's, since an entry may become two messages. */
export type LogPosition = { readonly number: number; readonly place: number };

/** Null for what is no offset. Commit numbers begin at 1, so `0_` always means the snapshot. */
export function readOffset(text: string): ShapePosition | null {
  if (text === "-1") return { kind: "start" };
  if (text === "0_inf") return { kind: "after-snapshot" };
  const match = /^(\d{1,15})_(\d{1,15})$/.exec(text);
  if (match === null) return null;
  const [number, place] = [Number(match[1]), Number(match[2])];
  return number === 0 ? { kind: "snapshot", chunk: place } : { kind: "log", number, place };
}

export function formatOffset(position: ShapePosition): string {
  switch (position.kind) {
    case "start":
      return "-1";
    case "after-snapshot":
      return "0_inf";
    case "snapshot":
      return `0_${position.chunk}`;
    case "log":
      return `${position.number}_${position.place}`;
  }
}

/** The end of a commit: every place in it lies before. */
export const wholeCommit = (number: number): LogPosition => ({ number, place: Number.MAX_SAFE_INTEGER });

export const isAfter = (one: LogPosition, other: LogPosition): boolean =>
  one.number > other.number || (one.number === other.number && one.place > other.place);
