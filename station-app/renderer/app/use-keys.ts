import { useEffect } from "react";

export type KeyActions = Readonly<Record<string, (() => void) | null>>;

/** F-keys anywhere on the page. While a dialog is open the keys are the dialog's. */
export function useKeys(actions: KeyActions, enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return;
    const onKey = (event: KeyboardEvent) => {
      if (!(event.key in actions) || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      if (!event.repeat) actions[event.key]?.();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [actions, enabled]);
}
