import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { Secret } from "./secret.ts";

const secret = z
  .string()
  .min(16)
  .max(256)
  .transform((value) => new Secret(value));

/** The one schema of the cloud's process. An unknown key is an error, so that a typing mistake is seen. */
export const cloudConfigSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  /** 0 lets the system choose; the ready line says which. */
  port: z.int().min(0).max(65_535).default(8787),
  /** Folder of the embedded database; ignored when `databaseUrl` is given. */
  dataDir: z.string().min(1).default(".data/cloud"),
  /** Opens the console, the import and the registration of stations. */
  adminToken: secret,
  /** postgres://...: PostgreSQL 15 or newer instead of the embedded database. */
  databaseUrl: secret.optional(),
  /** Base address of an Electric service in front of that PostgreSQL; the cloud then only authorises and proxies. */
  electricUrl: z.url().optional(),
  electricSecret: secret.optional(),
  /** Embedded database: how often new facts are copied to synced storage. */
  backupIntervalMs: z.int().min(100).max(3_600_000).default(30_000),
  /** How long a live shape request is held when nothing happens. */
  longPollMs: z.int().min(50).max(40_000).default(20_000),
});
export type CloudConfig = z.infer<typeof cloudConfigSchema>;
export type CloudConfigInput = z.input<typeof cloudConfigSchema>;

export function parseCloudConfig(input: unknown): Result<CloudConfig> {
  const parsed = cloudConfigSchema.safeParse(input);
  if (!parsed.success) return fail("config.invalid", { reason: describeIssues(parsed.error) });
  return succeed(Object.freeze(parsed.data));
}

/** `WAYSTATION_CLOUD_PORT=8787` becomes `port`; everything else in the environment is left alone. */
export function readCloudConfig(
  environment: Readonly<Record<string, string | undefined>>,
): Result<CloudConfig> {
  const input: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(environmentKeys)) {
    const value = environment[name];
    if (value !== undefined && value !== "") input[key] = numericKeys.has(key) ? Number(value) : value;
  }
  return parseCloudConfig(input);
}

/** Secrets come from the environment, never from the command line, where other users could read them. */
export const environmentKeys = {
  WAYSTATION_CLOUD_HOST: "host",
  WAYSTATION_CLOUD_PORT: "port",
  WAYSTATION_CLOUD_DATA_DIR: "dataDir",
  WAYSTATION_CLOUD_ADMIN_TOKEN: "adminToken",
  WAYSTATION_CLOUD_BACKUP_INTERVAL_MS: "backupIntervalMs",
  WAYSTATION_CLOUD_LONG_POLL_MS: "longPollMs",
  DATABASE_URL: "databaseUrl",
  ELECTRIC_URL: "electricUrl",
  ELECTRIC_SECRET: "electricSecret",
} as const satisfies Record<string, keyof CloudConfigInput>;

const numericKeys: ReadonlySet<string> = new Set(["port", "backupIntervalMs", "longPollMs"]);

/** The first three problems, without the values: a value may be a secret. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".") || "value"}: ${issue.message}`)
    .join("; ")
    .slice(0, 500);
}
