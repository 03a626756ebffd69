import type { Sound } from "./choose-sound.ts";

type Note = {
  readonly hertz: number;
  readonly at: number;
  readonly seconds: number;
  readonly wave: OscillatorType;
};

/** Told apart without looking: two rising notes, two equal ones, three long low ones. */
const melodies: Readonly<Record<Sound, readonly Note[]>> = {
  ok: [
    { hertz: 880, at: 0, seconds: 0.09, wave: "sine" },
    { hertz: 1318, at: 0.1, seconds: 0.14, wave: "sine" },
  ],
  warn: [
    { hertz: 587, at: 0, seconds: 0.16, wave: "triangle" },
    { hertz: 587, at: 0.24, seconds: 0.16, wave: "triangle" },
  ],
  stop: [0, 0.32, 0.64].map((at) => ({ hertz: 196, at, seconds: 0.26, wave: "square" }) as const),
};

let context: AudioContext | null = null;

/** Browsers allow sound only after somebody touched the page. */
export function unlockSoundAtFirstTouch(page: Window): void {
  const unlock = () => {
    context ??= new AudioContext();
    void context.resume();
  };
  page.addEventListener("pointerdown", unlock, { once: true });
  page.addEventListener("keydown", unlock, { once: true });
}

export function playSound(sound: Sound): void {
  if (context === null) return;
  for (const note of melodies[sound]) playNote(context, note);
}

function playNote(audio: AudioContext, note: Note): void {
  const start = audio.currentTime + note.at;
  const gain = audio.createGain();
  // Ramps, because a tone cut off clicks.
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(note.wave === "square" ? 0.25 : 0.5, start + 0.01);
  gain.gain.setValueAtTime(note.wave === "square" ? 0.25 : 0.5, start + note.seconds - 0.02);
  gain.gain.linearRampToValueAtTime(0, start + note.seconds);
  const oscillator = new OscillatorNode(audio, { type: note.wave, frequency: note.hertz });
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + note.seconds);
}
