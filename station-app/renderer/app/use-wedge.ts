import {
  createWedgeDecoder,
  type WedgeAnswer,
  type WedgeKey,
  wedgeOptionsSchema,
} from "@waystation/drivers/scanners/wedge";
import type { Reading } from "@waystation/shared/model/reading";
import { useEffect, useEffectEvent } from "react";

type WindowKey = WedgeKey & { readonly event: KeyboardEvent };

const options = wedgeOptionsSchema.parse({});

/**
 * A scanner in keyboard mode, read wherever the focus is. Its keys reach nothing else on the page: its Enter would
 * press the focused button. Off while a dialog is open: there the scanner types into the field like a person.
 */
export function useWedge(enabled: boolean, onReading: (reading: Reading) => void): void {
  const tell = useEffectEvent(onReading);
  useEffect(() => (enabled ? listenForScans(window, tell) : undefined), [enabled]);
}

function listenForScans(target: Window, tell: (reading: Reading) => void): () => void {
  const decoder = createWedgeDecoder<WindowKey>(options);
  const replayed = new WeakSet<Event>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  const act = ({ released, readings }: WedgeAnswer<WindowKey>) => {
    for (const { event } of released) replay(event, replayed);
    for (const reading of readings) tell(reading);
    clearTimeout(timer);
    const dueAtMs = decoder.dueAtMs();
    if (dueAtMs === null) return;
    timer = setTimeout(
      () => act(decoder.tick(performance.now())),
      Math.max(1, dueAtMs - performance.now() + 1),
    );
  };
  const onKey = (event: KeyboardEvent) => {
    if (replayed.has(event) || isEditable(event.target)) return;
    const answer = decoder.take(readKey(event));
    if (!answer.letThrough) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    act(answer);
  };
  const onBlur = () => act(decoder.reset());

  target.addEventListener("keydown", onKey, true);
  target.addEventListener("keyup", onKey, true);
  target.addEventListener("blur", onBlur);
  return () => {
    target.removeEventListener("keydown", onKey, true);
    target.removeEventListener("keyup", onKey, true);
    target.removeEventListener("blur", onBlur);
    act(decoder.reset());
    clearTimeout(timer);
  };
}

const readKey = (event: KeyboardEvent): WindowKey => ({
  type: event.type === "keydown" ? "down" : "up",
  code: event.code,
  key: event.key,
  atMs: event.timeStamp,
  shift: event.shiftKey,
  ctrl: event.ctrlKey,
  alt: event.altKey,
  altGraph: event.getModifierState("AltGraph"),
  isComposing: event.isComposing,
  repeat: event.repeat,
  event,
});

const isEditable = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));

/** A key that was held back and is a person's: the page sees it now, and a button is pressed as by the key itself. */
function replay(event: KeyboardEvent, replayed: WeakSet<Event>): void {
  const { key, code, shiftKey, ctrlKey, altKey, metaKey, target } = event;
  const init = { key, code, shiftKey, ctrlKey, altKey, metaKey, bubbles: true, cancelable: true };
  const copy = new KeyboardEvent("keydown", init);
  replayed.add(copy);
  const isTaken = target !== null && !target.dispatchEvent(copy);
  const pressesButton = (key === "Enter" || key === " ") && target instanceof HTMLButtonElement;
  if (!isTaken && pressesButton) target.click();
}
