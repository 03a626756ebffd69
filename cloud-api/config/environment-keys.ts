import type { CloudConfig, CloudConfigInput } from "./cloud-config.ts";

/** Secrets come from the environment, never from the command line, where other users could read them. */
export const environmentKeys = {
  WAYSTATION_CLOUD_HOST: "host",
  WAYSTATION_CLOUD_PORT: "port",
  WAYSTATION_CLOUD_DATA_DIR: "dataDir",
  WAYSTATION_CLOUD_ADMIN_TOKEN: "adminToken",
  WAYSTATION_CLOUD_METRICS_TOKEN: "metricsToken",
  WAYSTATION_CLOUD_AUTH_SECRET: "authSecret",
  WAYSTATION_CLOUD_PUBLIC_URL: "publicUrl",
  WAYSTATION_CLOUD_PROXY_HOPS: "proxyHops",
  WAYSTATION_CLOUD_ENROLMENT_CODE_MS: "enrolmentCodeMs",
  WAYSTATION_CLOUD_BACKUP_INTERVAL_MS: "backupIntervalMs",
  WAYSTATION_CLOUD_LONG_POLL_MS: "longPollMs",
  WAYSTATION_CLOUD_STOP_GRACE_MS: "stopGraceMs",
  WAYSTATION_CLOUD_RETENTION_DAYS: "retentionDays",
  WAYSTATION_CLOUD_LOG_LEVEL: "logLevel",
  DATABASE_URL: "databaseUrl",
  ELECTRIC_URL: "electricUrl",
  ELECTRIC_SECRET: "electricSecret",
} as const satisfies Record<string, keyof CloudConfigInput>;

/** What to write, for people; a total table, so that a new setting does not compile without its line. */
export const expectations: Readonly<Record<keyof CloudConfig, string>> = {
  host: "the address to listen on, such as 127.0.0.1",
  port: "a whole number from 0 to 65535 (0: any free port)",
  dataDir: "the path of a folder",
  adminToken: "a secret of 16 to 256 characters",
  metricsToken: "a secret of 16 to 256 characters, or leave it out",
  authSecret: "a secret of 16 to 256 characters, or leave it out",
  publicUrl: "an address like https://cloud.example.com",
  proxyHops: "a whole number from 0 to 5",
  passwordCost: "nothing: it is not for the environment",
  enrolmentCodeMs: "a whole number of milliseconds from 1000 to 86400000",
  backupIntervalMs: "a whole number of milliseconds from 100 to 3600000",
  longPollMs: "a whole number of milliseconds from 50 to 40000",
  stopGraceMs: "a whole number of milliseconds from 0 to 600000",
  retentionDays: "a whole number of days from 0 (keep) to 36500",
  logLevel: "debug, info, warning or error",
  databaseUrl: "an address like postgresql://user:password@host:5432/database",
  electricUrl: "an address like http://electric:3000",
  electricSecret: "a secret of 16 to 256 characters, or leave it out",
};

export const secretKeys: ReadonlySet<string> = new Set([
  "adminToken",
  "metricsToken",
  "authSecret",
  "databaseUrl",
  "electricSecret",
]);
