import { type Kysely, sql } from "kysely";
import type { Migration } from "kysely/migration";

/**
 * People who sign in. The tables are those of the sign-in library under names of ours, with the `id` it insists on; what
 * it knows nothing of stands at their end.
 */
export const peopleMigration: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of statements) await sql.raw(statement).execute(db);
  },
};

const statements: readonly string[] = [
  `CREATE TABLE people (
    id text PRIMARY KEY, name text NOT NULL, email text NOT NULL UNIQUE,
    email_verified boolean NOT NULL DEFAULT false, image text, two_factor_enabled boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    tenant_id text NOT NULL REFERENCES tenants, disabled_at timestamptz)`,
  "CREATE INDEX people_tenant ON people (tenant_id, email)",
  // `second_factor_at` is null until the session's owner has shown the second factor in this very session.
  `CREATE TABLE people_sessions (
    id text PRIMARY KEY, token text NOT NULL UNIQUE, expires_at timestamptz NOT NULL,
    ip_address text, user_agent text, person_id text NOT NULL REFERENCES people ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    second_factor_at timestamptz)`,
  "CREATE INDEX people_sessions_person ON people_sessions (person_id)",
  "CREATE INDEX people_sessions_expires ON people_sessions (expires_at)",
  `CREATE TABLE people_accounts (
    id text PRIMARY KEY, account_id text NOT NULL, provider_id text NOT NULL,
    person_id text NOT NULL REFERENCES people ON DELETE CASCADE, access_token text, refresh_token text, id_token text,
    access_token_expires_at timestamptz, refresh_token_expires_at timestamptz, scope text, password text,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (provider_id, account_id))`,
  "CREATE INDEX people_accounts_person ON people_accounts (person_id)",
  `CREATE TABLE people_verifications (
    id text PRIMARY KEY, identifier text NOT NULL, value text NOT NULL, expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())`,
  "CREATE INDEX people_verifications_identifier ON people_verifications (identifier)",
  "CREATE INDEX people_verifications_expires ON people_verifications (expires_at)",
  // Secret and backup codes are encrypted with the cloud's own secret.
  `CREATE TABLE people_second_factors (
    id text PRIMARY KEY, secret text NOT NULL, backup_codes text NOT NULL,
    person_id text NOT NULL UNIQUE REFERENCES people ON DELETE CASCADE, verified boolean NOT NULL DEFAULT false,
    failed_verification_count bigint NOT NULL DEFAULT 0, locked_until timestamptz)`,
  // A code of the second factor works once, whichever process it reaches.
  `CREATE TABLE people_used_codes (
    person_id text NOT NULL REFERENCES people ON DELETE CASCADE, code_hash text NOT NULL,
    used_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (person_id, code_hash))`,
  `CREATE TABLE people_invitations (
    code_hash text PRIMARY KEY, person_id text NOT NULL REFERENCES people ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL, used_at timestamptz)`,
  "CREATE INDEX people_invitations_person ON people_invitations (person_id)",
  "ALTER TABLE role_grants ADD FOREIGN KEY (person_id) REFERENCES people ON DELETE CASCADE",
  // The number a station signed for its token: it buys one token only.
  "ALTER TABLE station_tokens ADD COLUMN nonce_hash text UNIQUE",
  "ALTER TABLE station_tokens ADD COLUMN issued_at timestamptz NOT NULL DEFAULT now()",
];
