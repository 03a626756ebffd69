import { expect, test } from "vitest";
import { createProgress } from "./progress.ts";

function record(settings: { isTTY?: boolean; columns?: number; json?: boolean }) {
  let written = "";
  let now = 0;
  const output = { ...settings, write: (text: string) => (written += text) };
  const progress = createProgress(output, { json: settings.json ?? false, nowMs: () => now });
  const advance = (byMs: number) => (now += byMs);
  return { progress, advance, written: () => written };
}

async function play({ progress, advance }: ReturnType<typeof record>): Promise<void> {
  await progress.step("cloud", async () => advance(1234));
  progress.live("1 parcel");
  progress.live("2 parcels");
  progress.say("engine ended");
  progress.event({ event: "ready", station: "http://x" });
  advance(20_000);
  progress.live("3 parcels");
}

test("elsewhere than on a terminal: plain lines, the changing line only now and then", async () => {
  const recorded = record({});
  await play(recorded);
  expect(recorded.written()).toBe("cloud  1.2 s\n1 parcel\nengine ended\n3 parcels\n");
});

test("with --json: nothing but JSON lines", async () => {
  const recorded = record({ json: true, isTTY: true });
  await play(recorded);
  const lines = recorded
    .written()
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  expect(lines).toEqual([
    { event: "step", name: "cloud", took: "1.2 s" },
    { event: "message", text: "engine ended" },
    { event: "ready", station: "http://x" },
  ]);
});

test("on a terminal: one line that changes, never wider than the window, and text goes above it", async () => {
  const recorded = record({ isTTY: true, columns: 24 });
  await play(recorded);
  recorded.progress.live("a line that is much too long for the window");
  const screen = recorded
    .written()
    .split("\n")
    .map((line) => line.split("\r\u001b[2K").at(-1));
  expect(screen).toEqual(["cloud  1.2 s", "engine ended", "a line that is much too"]);
});
