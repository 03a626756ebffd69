import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

/** A process of its own: what the compiler took once is in the peak of whoever asks later. */
const script = `
  const { connectDatabase } = await import(${JSON.stringify(new URL("./connect.ts", import.meta.url).href)});
  const database = await connectDatabase({ kind: "temporary" });
  await database.value.close();
  process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
`;

test("the embedded database opens and migrates without the compiler's 600 MB for one function", async () => {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd,
  });
  expect(Number(stdout)).toBeGreaterThan(100_000_000);
  expect(Number(stdout)).toBeLessThan(450_000_000);
}, 120_000);
