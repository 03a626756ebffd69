import { useSyncExternalStore } from "react";

/** The page's place is in the fragment: `#/stations/belt-1`. Back and bookmarks work, and no server sees it. */
export function useFragment(): readonly string[] {
  const hash = useSyncExternalStore(
    (listener) => {
      addEventListener("hashchange", listener);
      return () => removeEventListener("hashchange", listener);
    },
    () => location.hash,
  );
  return hash.startsWith("#/") ? hash.slice(2).split("/").filter(Boolean).map(decode) : [];
}

export const goTo = (...parts: readonly string[]): void => {
  location.hash = placeOf(...parts);
};
export const placeOf = (...parts: readonly string[]): string =>
  `#/${parts.map(encodeURIComponent).join("/")}`;

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
