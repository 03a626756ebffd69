/**
 * One twin as a process of its own: `node run-twin.ts '{"family":"mt-sics","options":{}}'`.
 * First line out: {"event":"ready","connection":...}. Then one JSON command per line in (an optional "id" comes
 * back in {"event":"done","id":...} or {"event":"error",...}); {"command":"state"} and, for the printer,
 * {"command":"job","number":n} are answered. Ends with its standard input.
 */
import { createInterface } from "node:readline";
import { z } from "zod";
import { obeyTwin } from "./obey-twin.ts";
import { startTwin, twinFamilies } from "./registry.ts";
import type { TwinEvent } from "./twin.ts";

const argumentSchema = z.strictObject({
  family: z.string(),
  options: z.record(z.string(), z.unknown()).default({}),
});
const say = (event: TwinEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function run(): Promise<void> {
  const { family, options } = argumentSchema.parse(JSON.parse(process.argv[2] ?? "{}"));
  const starting = startTwin(family, options, { onEvent: say });
  if (starting === null) throw new Error(`no twin for "${family}"; there are ${twinFamilies.join(", ")}`);
  const twin = await starting;
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => void obeyTwin(twin, line, say));
  const end = async () => {
    await twin.stop();
    process.exit(0);
  };
  lines.on("close", () => void end());
  process.on("SIGTERM", () => void end());
  say({ event: "ready", family, connection: twin.connection });
}

await run();
