import type { ColumnType, Generated } from "kysely";

/** Columns that the database fills and nobody writes. */
type Assigned<T> = ColumnType<T, never, never>;
type Instant = ColumnType<Date, Date | string | undefined, Date | string>;

/** Whose a row is. */
type Owned = { tenant_id: string; hub_id: string };

export type TenantsTable = { tenant_id: string; name: string; created_at: Instant };
export type HubsTable = Owned & { name: string; created_at: Instant };

export type OrdersTable = Owned & {
  order_id: string;
  revision: number;
  /** Exact JSON text of the model's schema; the other columns are derived from it. */
  body: string;
  waybill: string;
  reference: string | null;
  tracking_number: string | null;
  channel_code: string;
  status: string;
  declared_weight_grams: number;
  country: string;
  consignee_name: string;
  /** Null: the warehouse's own import. */
  customer_id: string | null;
  /** When the consignee's name and address were taken out. */
  erased_at: ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
  updated_at: Instant;
  /** Grows in the order of import. */
  import_number: Assigned<number>;
};

export type ShipmentsTable = Owned & { order_id: string; revision: number; body: string; label_kind: string };
export type ReleasesTable = Owned & { order_id: string; revision: number; parts_hash: string };
export type ChannelsTable = { tenant_id: string; code: string; version: number; body: string };
export type SortPlansTable = Owned & { plan_id: string; version: number; body: string };

export type AcknowledgementsTable = {
  station_id: string;
  log_id: string;
  received_through: number;
  durable_through: number;
  last_hash: string;
  updated_at: Instant;
};

export type OrderIdentifiersTable = { tenant_id: string; identifier: string; order_id: string };

type OptionalInstant = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;

export type StationsTable = Owned & {
  station_id: string;
  name: string;
  /** Ed25519, raw 32 bytes in base64url; null until the station has enrolled. */
  public_key: string | null;
  registered_at: Instant;
  enrolled_at: OptionalInstant;
  revoked_at: OptionalInstant;
};

/** Of codes, tokens and keys only the SHA-256 in hex is stored; they themselves are shown once. */
export type EnrolmentCodesTable = {
  code_hash: string;
  station_id: string;
  created_at: Instant;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  used_at: OptionalInstant;
};
export type StationTokensTable = {
  token_hash: string;
  station_id: string;
  issued_at: Instant;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  /** Of the number that was signed for it. */
  nonce_hash: string | null;
};
export type StationReportsTable = {
  station_id: string;
  reported_at: Instant;
  app_version: string;
  wire_version: number;
  clock_offset_ms: number;
  body: ColumnType<unknown, string, string>;
};

export type CustomersTable = Owned & { customer_id: string; name: string; created_at: Instant };
export type ApiKeysTable = {
  key_id: string;
  key_hash: string;
  tenant_id: string;
  customer_id: string;
  name: string;
  scopes: ColumnType<unknown, string, string>;
  created_at: Instant;
  expires_at: OptionalInstant;
  revoked_at: OptionalInstant;
  last_used_at: OptionalInstant;
};
export type RoleGrantsTable = {
  grant_id: Generated<number>;
  person_id: string;
  tenant_id: string;
  hub_id: string | null;
  role: string;
  granted_at: Instant;
};
export type AuditLogTable = {
  audit_id: Generated<number>;
  at: Instant;
  tenant_id: string;
  actor: string;
  action: string;
  subject: string;
  details: ColumnType<unknown, string | undefined, never>;
  request_id: string | null;
};

/** The other columns of people's tables belong to the sign-in library. */
export type PeopleTable = {
  id: string;
  name: string;
  email: string;
  tenant_id: string;
  two_factor_enabled: boolean;
  disabled_at: OptionalInstant;
  created_at: Instant;
  updated_at: Instant;
};
export type PeopleSessionsTable = {
  id: string;
  token: string;
  person_id: string;
  created_at: Instant;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  second_factor_at: OptionalInstant;
};
export type PeopleAccountsTable = {
  id: string;
  account_id: string;
  provider_id: string;
  person_id: string;
  password: string | null;
  updated_at: Instant;
};
export type PeopleVerificationsTable = { id: string; identifier: string; value: string; expires_at: Date };
export type PeopleSecondFactorsTable = { id: string; person_id: string; verified: boolean };
export type PeopleUsedCodesTable = { person_id: string; code_hash: string; used_at: Instant };
export type PeopleInvitationsTable = {
  code_hash: string;
  person_id: string;
  created_at: Instant;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  used_at: OptionalInstant;
};

export type FactsTable = {
  station_id: string;
  log_id: string;
  sequence: number;
  /** First day of the month in which it came: the partition. */
  month: ColumnType<Date, string, never>;
  /** As the station hashed it; never touched again. */
  text: string;
  hash: string;
  type: string;
  version: number;
  lane: string | null;
  parcel_id: string | null;
  occurred_at: string;
  received_at: Instant;
};

export type FactAlarmsTable = {
  alarm_id: Generated<number>;
  station_id: string;
  log_id: string;
  sequence: number;
  kind: string;
  stored_hash: string;
  offered_hash: string;
  raised_at: Instant;
};

/** Facts of a type this program did not know when they came, waiting for one that does. */
export type FactsToProjectTable = {
  station_id: string;
  log_id: string;
  sequence: number;
  parcel_id: string;
  name: string;
};

export type ParcelsTable = Owned & {
  station_id: string;
  parcel_id: string;
  lane: string | null;
  barcode: string | null;
  weight_grams: number | null;
  length_millimetres: number | null;
  width_millimetres: number | null;
  height_millimetres: number | null;
  order_id: string | null;
  channel_code: string | null;
  verdict: string | null;
  outcome: string | null;
  reasons: ColumnType<unknown, string | null, string | null>;
  chute: number | null;
  label_state: string | null;
  divert_state: string | null;
  fact_count: number;
  first_occurred_at: string;
  last_occurred_at: string;
  last_fact: string;
  updated_at: Instant;
};

export type CloudTables = {
  orders: OrdersTable;
  shipments: ShipmentsTable;
  releases: ReleasesTable;
  channels: ChannelsTable;
  sort_plans: SortPlansTable;
  acknowledgements: AcknowledgementsTable;
  order_identifiers: OrderIdentifiersTable;
  stations: StationsTable;
  facts: FactsTable;
  fact_alarms: FactAlarmsTable;
  parcels: ParcelsTable;
  facts_to_project: FactsToProjectTable;
  tenants: TenantsTable;
  hubs: HubsTable;
  enrolment_codes: EnrolmentCodesTable;
  station_tokens: StationTokensTable;
  station_reports: StationReportsTable;
  customers: CustomersTable;
  api_keys: ApiKeysTable;
  role_grants: RoleGrantsTable;
  audit_log: AuditLogTable;
  people: PeopleTable;
  people_sessions: PeopleSessionsTable;
  people_accounts: PeopleAccountsTable;
  people_verifications: PeopleVerificationsTable;
  people_second_factors: PeopleSecondFactorsTable;
  people_used_codes: PeopleUsedCodesTable;
  people_invitations: PeopleInvitationsTable;
};
