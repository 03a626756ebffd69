import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type EnrolRequest, enrolReplySchema } from "@waystation/shared/wire/cloud-http";
import { askCloud, readAnswer } from "./ask-cloud.ts";
import { trimSlash } from "./cloud-access.ts";
import { type Enrolment, type KeyFile, type KeyPair, type KeyStore, makeKeyPair } from "./station-key.ts";

export type EnrolOptions = {
  readonly cloudUrl: string;
  readonly code: string;
  readonly keys: KeyStore;
  readonly appVersion: string;
  /** Give up what this folder was enrolled as. */
  readonly replace: boolean;
  /** Whose facts lie in the folder; null: nobody's yet. */
  readonly stationInFolder: string | null;
};

const timeoutMs = 30_000;

/**
 * Spends a one-time code. The key is on the disk before, and is used again when the reply was lost: the cloud gives
 * the same answer to the same key. Until the cloud has agreed the former enrolment stays as it was. Fails with
 * station.already-enrolled, station.other-folder, station.key-unusable, cloud.unreachable, cloud.older or what
 * the cloud answers.
 */
export async function enrol(options: EnrolOptions): Promise<Result<Enrolment>> {
  const { keys, replace } = options;
  const cloudUrl = trimSlash(options.cloudUrl);
  const loaded = await keys.load();
  if (!loaded.ok) return loaded;
  const enrolled = loaded.value?.enrolled ?? null;
  if (enrolled !== null && !replace) {
    const { stationId } = enrolled;
    return fail("station.already-enrolled", { stationId, cloudUrl: enrolled.cloudUrl });
  }
  const pair = await preparePair(keys, loaded.value);
  if (!pair.ok) return pair;
  const reply = await spendCode(cloudUrl, options, pair.value);
  if (!reply.ok) return reply;
  const found = options.stationInFolder;
  if (found !== null && found !== reply.value.stationId)
    return fail("station.other-folder", { path: keys.place, found, offered: reply.value.stationId });
  const saved = await keys.save({
    version: 1,
    enrolled: { ...pair.value, ...reply.value, cloudUrl },
    pending: null,
  });
  return saved.ok ? succeed({ ...reply.value, cloudUrl }) : saved;
}

async function preparePair(keys: KeyStore, known: KeyFile | null): Promise<Result<KeyPair>> {
  if (known?.pending != null) return succeed(known.pending);
  const pending = makeKeyPair();
  const saved = await keys.save({ version: 1, enrolled: known?.enrolled ?? null, pending });
  return saved.ok ? succeed(pending) : saved;
}

async function spendCode(
  cloudUrl: string,
  { code, appVersion }: EnrolOptions,
  { publicKey }: KeyPair,
): Promise<Result<Omit<Enrolment, "cloudUrl">>> {
  const request: EnrolRequest = { code: code.trim(), publicKey, appVersion };
  const answer = await askCloud({
    url: `${cloudUrl}/v1/enrolments`,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
    timeoutMs,
  });
  if (!answer.ok) return answer;
  const reply = readAnswer(answer.value, enrolReplySchema);
  if (!reply.ok && reply.failure.code === "resource.unknown") return fail("cloud.older");
  return reply;
}
