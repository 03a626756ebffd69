import type { Command } from "commander";
import { z } from "zod";
import { fail } from "@waystation/shared/failures/result";
import { exitCodes, printJson, printText, reportFailure } from "../output.ts";
import { describeInputIssue } from "../read-input.ts";

const help = `
Serves tables of a PostgreSQL database (15 or newer) as shapes: the core of the Electric protocol (first snapshot in
chunks, long poll, full log; where, columns, replica) at /v1/shape, and /v1/health. It listens on the loopback only.

In the database it makes a schema "waystation_shapes" of its own, and triggers on the tables that somebody follows.
The user in the address must own those tables and may create a schema.

Without --open, requests need "Authorization: Bearer <token>" with the token in WAYSTATION_SHAPES_TOKEN (16 characters
or more). With --open anybody on this machine may read any table of the database, and DELETE /v1/shape makes clients
of a shape begin again.

Ends with SIGTERM or SIGINT. With --json one line {"url","port"} says where it listens.

Examples:
  WAYSTATION_SHAPES_TOKEN=... waystation shapes serve --database-url postgres://user@localhost/shop
  waystation shapes serve --database-url postgres://user@localhost/shop --port 3000 --open --json
  curl 'http://127.0.0.1:3000/v1/shape?table=orders&offset=-1'`;

const optionsSchema = z.object({
  databaseUrl: z.string().regex(/^postgres(ql)?:\/\/.+/, "must begin with postgres://"),
  port: z.coerce.number().int().min(0).max(65_535).default(3000),
  chunkBytes: z.coerce.number().int().min(1).max(100_000_000).default(10_485_760),
  cacheMaxAge: z.coerce.number().int().min(0).max(31_536_000).default(60),
  longPollMs: z.coerce.number().int().min(50).max(40_000).default(20_000),
  open: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.infer<typeof optionsSchema>;

export function addShapesCommand(program: Command): void {
  const shapes = program.command("shapes").description("serve tables of a database as shapes");
  shapes
    .command("serve")
    .description("serve the tables of a PostgreSQL database to clients of the Electric protocol")
    .requiredOption("--database-url <url>", "the database, postgres://...")
    .option("--port <number>", "port on the loopback, 0: any (default: 3000)")
    .option("--chunk-bytes <number>", "size at which an answer ends and the next begins (default: 10485760)")
    .option("--cache-max-age <seconds>", "how long a client may keep an answer (default: 60)")
    .option("--long-poll-ms <number>", "how long a live request waits for a change (default: 20000)")
    .option("--open", "no token, any table")
    .option("--json", "print one JSON line when ready")
    .addHelpText("after", help)
    .action(async (given: unknown) => {
      const parsed = optionsSchema.safeParse(given);
      if (!parsed.success) {
        const { failure } = fail("config.invalid", { reason: describeInputIssue(parsed.error) });
        return reportFailure(failure, { json: false, exitCode: exitCodes.usage });
      }
      await runServer(parsed.data);
    });
}

async function runServer(options: Options): Promise<void> {
  // Loaded late: the other commands do without a database driver.
  const { readShapesToken, serveShapes } = await import("@waystation/cloud-api/serve-shapes");
  const token = readShapesToken(process.env, options.open);
  if (!token.ok) return reportFailure(token.failure, { json: options.json, exitCode: exitCodes.usage });
  const starting = serveShapes({
    databaseUrl: options.databaseUrl,
    port: options.port,
    chunkBytes: options.chunkBytes,
    cacheMaxAgeSeconds: options.cacheMaxAge,
    longPollMs: options.longPollMs,
    token: token.value,
    logLine: (entry) => void process.stderr.write(`${JSON.stringify(entry)}\n`),
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      void starting.then(async (started) => {
        if (started.ok) await started.value.stop();
        process.exit();
      });
    });
  const started = await starting;
  if (!started.ok) {
    reportFailure(started.failure, options);
    return;
  }
  const { url, port } = started.value;
  if (options.json) printJson({ url, port });
  else printText(`Shapes of the database at ${url}/v1/shape. Ctrl-C ends it.`);
}
