/** What the guest may ask of the host: everything about the far end of the USB serial adapter. */
export type HostCommand =
  | { readonly command: "plug" }
  | { readonly command: "unplug" }
  /** Answers nothing until it is plugged in again. */
  | { readonly command: "mute" }
  | { readonly command: "load"; readonly weight: string }
  | { readonly command: "send"; readonly text: string };

/** Lines of results.jsonl, written by the guest one by one. */
export type ResultLine =
  | {
      readonly line: "begin";
      readonly kernel: string;
      readonly bootSeconds: number;
      /** From node's start until everything was imported. */
      readonly loadSeconds: number;
    }
  | {
      readonly line: "test";
      readonly suite: string;
      readonly name: string;
      readonly error: string | null;
      readonly milliseconds: number;
    }
  | { readonly line: "skipped"; readonly suite: string; readonly reason: string }
  | { readonly line: "note"; readonly text: string }
  | { readonly line: "end" };

/** Files of the exchange folder, which is /rig in the guest. */
export const exchangeFiles = {
  guestFolder: "/rig",
  results: "results.jsonl",
  plan: "plan.json",
  compiled: "compiled",
  question: (number: number) => `ask-${number}.json`,
  answer: (number: number) => `answer-${number}.json`,
} as const;
