import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { Secret } from "./secret.ts";

const secret = z
  .string()
  .min(16)
  .max(256)
  .transform((value) => new Secret(value));

const databaseUrl = z
  .string()
  .max(2000)
  .regex(/^postgres(ql)?:\/\/.+/)
  .transform((value) => new Secret(value));

/**
 * The power of two of scrypt's N. This one takes 16 MB and about a fifth of a second of one core for a password, on
 * the system's own threads.
 */
export const safePasswordCost = 14;

/** The one schema of the cloud's process. An unknown key is an error, so that a typing mistake is seen. */
export const cloudConfigSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1"),
  /** 0 lets the system choose; the ready line says which. */
  port: z.int().min(0).max(65_535).default(8787),
  /** Folder of the embedded database; ignored when `databaseUrl` is given. */
  dataDir: z.string().min(1).default(".data/cloud"),
  /** Opens everything: for the first steps and for emergencies. */
  adminToken: secret,
  /** postgres://...: PostgreSQL 15 or newer instead of the embedded database. */
  databaseUrl: databaseUrl.optional(),
  /** Base address of an Electric service in front of that PostgreSQL; the cloud then only authorises and proxies. */
  electricUrl: z.url({ protocol: /^https?$/ }).optional(),
  electricSecret: secret.optional(),
  /** Opens /metrics and the details of /readyz from elsewhere; without it they are for this machine alone. */
  metricsToken: secret.optional(),
  /** Embedded database: how often new facts are copied to synced storage. */
  backupIntervalMs: z.int().min(100).max(3_600_000).default(30_000),
  /** The address people reach the cloud at; https makes the cookies of their sessions secure. */
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  /** Signs sessions and encrypts second factors; from `adminToken` when absent, and then ends with it. */
  authSecret: secret.optional(),
  /** Less is for tests, which hash hundreds; no variable of the environment sets it, so no real cloud has less. */
  passwordCost: z.int().min(4).max(safePasswordCost).default(safePasswordCost),
  /** How many proxies of ours stand in front and write X-Forwarded-For. */
  proxyHops: z.int().min(0).max(5).default(0),
  /** How long a station's one-time code is good for. */
  enrolmentCodeMs: z.int().min(1000).max(86_400_000).default(1_800_000),
  /** How long a live shape request is held when nothing happens. */
  longPollMs: z.int().min(50).max(40_000).default(20_000),
  /** How long running requests may go on after the cloud was asked to stop. */
  stopGraceMs: z.int().min(0).max(600_000).default(10_000),
  /** Consignees' data of finished orders is erased so many days after their last change; 0 keeps it. */
  retentionDays: z.int().min(0).max(36_500).default(180),
  logLevel: z.enum(["debug", "info", "warning", "error"]).default("info"),
});
export type CloudConfig = z.infer<typeof cloudConfigSchema>;
export type CloudConfigInput = z.input<typeof cloudConfigSchema>;

export function parseCloudConfig(input: unknown): Result<CloudConfig> {
  const parsed = cloudConfigSchema.safeParse(input);
  if (!parsed.success) return fail("config.invalid", { reason: describeIssues(parsed.error) });
  return succeed(Object.freeze(parsed.data));
}

/** The first three problems, without the values: a value may be a secret. */
export function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".") || "value"}: ${issue.message}`)
    .join("; ")
    .slice(0, 500);
}
