import { vi } from "vitest";
import { runProgram } from "../../cli/program.ts";

export type Ended = {
  readonly code: number | string | undefined;
  readonly out: string;
  readonly err: string;
};

/** The command in this process, with what it writes caught on its way out. */
export async function waystation(...args: readonly string[]): Promise<Ended> {
  const written = { out: "", err: "" };
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    written.out += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    written.err += String(text);
    return true;
  });
  process.exitCode = undefined;
  try {
    await runProgram(["node", "waystation", ...args]);
    return { ...written, code: process.exitCode ?? 0 };
  } finally {
    out.mockRestore();
    err.mockRestore();
    process.exitCode = undefined;
  }
}
