import { useSyncExternalStore } from "react";
import { z } from "zod";

/** What this screen remembers between launches. Not the operator: whoever comes next must say so. */
const preferencesSchema = z.object({ language: z.enum(["en", "zh"]), muted: z.boolean() });
export type Preferences = z.infer<typeof preferencesSchema>;

const storageKey = "waystation.preferences";
const listeners = new Set<() => void>();
let current: Preferences = read();

export const getPreferences = (): Preferences => current;

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // Storage may be full or forbidden; the choice then lasts until the page goes away.
  }
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, getPreferences);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): Preferences {
  const preferred: Preferences = {
    language: navigator.language.startsWith("zh") ? "zh" : "en",
    muted: false,
  };
  try {
    return preferencesSchema.parse(JSON.parse(localStorage.getItem(storageKey) ?? "null"));
  } catch {
    return preferred;
  }
}
