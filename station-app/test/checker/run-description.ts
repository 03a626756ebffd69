/** What a run left behind, and where it lies. Everything must stand still while it is checked. */
export type RunDescription = {
  /** Everything ended and was acknowledged; false: rules that need an end are skipped. */
  readonly quiesced: boolean;
  /** The cloud was put back to an older copy of itself: what stations were told before it may not hold. */
  readonly cloudRestored: boolean;
  readonly cloud: CloudSource;
  readonly stations: readonly StationDescription[];
};

export type StationDescription = {
  readonly stationId: string;
  /** The first is the file in use; the others were set aside or are copies that lived on. */
  readonly factsFiles: readonly string[];
  readonly ordersFile: string | null;
  readonly safeChutes: readonly number[];
  readonly benchLanes: readonly string[];
  readonly twinLog: string | null;
  /** The run put an older copy of the file back, on purpose. */
  readonly forked: boolean;
};

export type Row = Readonly<Record<string, unknown>>;
/** Placeholders are $1, $2 ...; numbers may come as text or bigint. */
export type Query = (sql: string, params: readonly unknown[]) => Promise<readonly Row[]>;
export type CloudSource =
  | { readonly folder: string }
  | { readonly postgresUrl: string }
  | { readonly query: Query };

/** Throws an Error that names the field and what is expected in it. */
export function readDescription(value: unknown): RunDescription {
  const run = readObject(value, "the description", ["quiesced", "cloudRestored", "cloud", "stations"]);
  const stations = readList(run.stations, "stations", readStation);
  if (stations.length === 0) throw new Error("stations: at least one is expected");
  const ids = stations.map(({ stationId }) => stationId);
  if (new Set(ids).size < ids.length) throw new Error("stations: a stationId stands there twice");
  return {
    quiesced: readBoolean(run.quiesced, "quiesced"),
    cloudRestored: readBoolean(run.cloudRestored ?? false, "cloudRestored"),
    cloud: readCloud(run.cloud),
    stations,
  };
}

const stationFields = [
  ...["stationId", "factsFiles", "ordersFile", "safeChutes", "benchLanes", "twinLog", "forked"],
];

function readStation(value: unknown, name: string): StationDescription {
  const station = readObject(value, name, stationFields);
  const factsFiles = readList(station.factsFiles, `${name}.factsFiles`, readText);
  if (factsFiles.length === 0) throw new Error(`${name}.factsFiles: the file in use is expected`);
  return {
    stationId: readText(station.stationId, `${name}.stationId`),
    factsFiles,
    ordersFile: readTextOrNull(station.ordersFile, `${name}.ordersFile`),
    safeChutes: readList(station.safeChutes, `${name}.safeChutes`, readNumber),
    benchLanes: readList(station.benchLanes, `${name}.benchLanes`, readText),
    twinLog: readTextOrNull(station.twinLog, `${name}.twinLog`),
    forked: readBoolean(station.forked, `${name}.forked`),
  };
}

function readCloud(value: unknown): CloudSource {
  const cloud = readObject(value, "cloud", ["folder", "postgresUrl", "query"]);
  if (Object.keys(cloud).length !== 1)
    throw new Error("cloud: one of folder, postgresUrl and query is expected");
  if (typeof cloud.query === "function") return { query: cloud.query as Query };
  return "folder" in cloud
    ? { folder: readText(cloud.folder, "cloud.folder") }
    : { postgresUrl: readText(cloud.postgresUrl, "cloud.postgresUrl") };
}

export function readObject(value: unknown, name: string, known?: readonly string[]): Row {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`${name}: an object is expected`);
  const stranger = known === undefined ? undefined : Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) throw new Error(`${name}: ${stranger} is not known`);
  return value as Row;
}

function readList<T>(value: unknown, name: string, read: (item: unknown, name: string) => T): T[] {
  if (!Array.isArray(value)) throw new Error(`${name}: a list is expected`);
  return value.map((item, at) => read(item, `${name}[${at}]`));
}

export function readText(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "") throw new Error(`${name}: a text is expected`);
  return value;
}

export const readTextOrNull = (value: unknown, name: string): string | null =>
  value === null ? null : readText(value, name);

export function readNumber(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Error(`${name}: a number is expected`);
  return value;
}

export function readBoolean(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") throw new Error(`${name}: true or false is expected`);
  return value;
}
