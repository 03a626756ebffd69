import { type Failure, fail, type Result, succeed } from "@waystation/shared/failures/result";
import { supportedWireVersions, wireVersion } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import { askCloud, readAnswer } from "./ask-cloud.ts";

const healthSchema = z.object({ wireVersions: z.array(z.int()).max(100) });
const timeoutMs = 10_000;

/** The newest version both sides know. Fails with cloud.older or, when the cloud has left ours behind, station.outdated. */
export function chooseVersion(supported: readonly number[]): Result<number> {
  const common = supported.filter((version) => supportedWireVersions.includes(version));
  if (common.length > 0) return succeed(Math.max(...common));
  return Math.max(0, ...supported) > wireVersion ? fail("station.outdated") : fail("cloud.older");
}

/** As the cloud writes them into its refusal: "1, 2". */
export function readSupported({ details }: Failure): readonly number[] {
  return String(details.supported ?? "")
    .split(",")
    .map(Number)
    .filter((version) => Number.isInteger(version) && version > 0);
}

/** For a cloud so old that it cannot even read what it refuses. Null when it does not say. */
export async function askVersions(url: string, signal: AbortSignal): Promise<readonly number[] | null> {
  const answer = await askCloud({ url: `${url}/livez`, method: "GET", timeoutMs, signal });
  if (!answer.ok) return null;
  const health = readAnswer(answer.value, healthSchema);
  return health.ok ? health.value.wireVersions : null;
}
