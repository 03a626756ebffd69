import { useEffect, useRef } from "react";
import { chooseSound } from "./choose-sound.ts";
import { playSound } from "./play-sound.ts";
import type { StationState } from "./station-client.ts";

/** Sounds for what happens on the lanes, and for losing the engine. The page's root names the last one for tests. */
export function useStationSounds(state: StationState, muted: boolean): void {
  const before = useRef(state);
  useEffect(() => {
    const previous = before.current;
    before.current = state;
    const lost = previous.connection === "live" && state.connection !== "live";
    const sound = lost
      ? "stop"
      : state.view === null || state.view === previous.view
        ? null
        : chooseSound(previous.view, state.view);
    if (sound === null) return;
    document.documentElement.dataset.lastSound = muted ? `${sound} (muted)` : sound;
    if (!muted) playSound(sound);
  }, [state, muted]);
}
