import { buildScreens } from "../../cli/build-screens.ts";

/** Run by vitest once before the tests that open a browser. */
export async function setup(): Promise<void> {
  const built = await buildScreens();
  for (const screen of built) process.stdout.write(`built ${screen}\n`);
}
