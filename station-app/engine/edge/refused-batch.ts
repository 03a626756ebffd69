import { type Failure, fail, type Result } from "@waystation/shared/failures/result";
import type { UploadFactsReply } from "@waystation/shared/wire/cloud-http";
import type { PackedFacts } from "../replica/pack-facts.ts";
import type { CloudAccess } from "./cloud-access.ts";
import type { Outgoing, Sent } from "./outgoing-batches.ts";
import { goOn, type Log, type Outcome } from "./uplink-log.ts";
import { askVersions, chooseVersion, readSupported } from "./wire-versions.ts";

/** Refusals of the facts themselves: they concern one log, the link is well. */
const logFailures: ReadonlySet<string> = new Set([
  "facts.forked",
  "facts.corrupt",
  "facts.too-large",
  "facts.deleted",
  "request.invalid",
]);

/** What damage on the way looks like, where no encryption notices it. */
const mayBeDamaged: ReadonlySet<string> = new Set(["facts.corrupt", "request.invalid"]);

export type RefusalDeps = {
  readonly url: string;
  readonly access: Pick<CloudAccess, "token" | "refuse">;
  readonly outgoing: Outgoing;
  readonly signal: AbortSignal;
  readonly onRestored: (logId: string, reply: UploadFactsReply) => void;
  readonly stopLog: (log: Log, failure: Failure) => Outcome;
  readonly leaveLog: (log: Log) => Outcome;
  readonly isInUse: (log: Log) => boolean;
};

/** What a refused batch means: for the log, for the token, for how much is sent at once and in which version. */
export async function takeRefusal(
  deps: RefusalDeps,
  log: Log,
  { batch, token, isAhead }: Sent,
  failure: Failure,
): Promise<Outcome> {
  // The one in front of it may have come to nothing. Sent again alone, it gets the answer that counts.
  if (isAhead && (failure.code === "facts.gap" || logFailures.has(failure.code))) return goOn;
  if (mayBeDamaged.has(failure.code) && log.doubted !== batch.first) {
    log.doubted = batch.first;
    return goOn;
  }
  switch (failure.code) {
    case "facts.gap":
      return resumeAfterGap(deps, log, batch, failure);
    case "access.unauthenticated":
      return takeNextToken(deps, token);
    case "request.too-large":
      return shrink(deps, log, batch);
    case "request.wire-version":
      return speakVersion(deps, batch, chooseVersion(readSupported(failure)));
    case "request.invalid": {
      // A cloud from before this version cannot read the batch, and so not its version either.
      const known = await askVersions(deps.url, deps.signal);
      if (known !== null && !known.includes(batch.version))
        return speakVersion(deps, batch, chooseVersion(known));
      return deps.stopLog(log, failure);
    }
    default:
      return logFailures.has(failure.code) ? deps.stopLog(log, failure) : { failure };
  }
}

/** Half as much from now on; a single fact cannot be cut. */
function shrink({ outgoing, stopLog }: RefusalDeps, log: Log, batch: PackedFacts): Outcome {
  if (batch.count === 1)
    return stopLog(log, fail("facts.too-large", { logId: log.logId, sequence: batch.first }).failure);
  outgoing.shrink(batch);
  return goOn;
}

/** The cloud may have less than it said (restored from a backup): it names what it expects, and gets it. */
function resumeAfterGap(deps: RefusalDeps, log: Log, batch: PackedFacts, failure: Failure): Outcome {
  const expected = Number(failure.details.expectedSequence);
  if (!Number.isInteger(expected) || expected < 1 || expected >= batch.first)
    return fail("cloud.refused", { reason: `it expects fact ${expected}, which it was sent` });
  const wasAskedFor = batch.above === expected - 1;
  // What it holds for good it says with the next answer; until then nothing is deleted.
  if (expected <= log.acknowledged)
    deps.onRestored(log.logId, { receivedThrough: expected - 1, durableThrough: 0 });
  log.acknowledged = expected - 1;
  if (!wasAskedFor) return goOn;
  if (!deps.isInUse(log)) return deps.leaveLog(log);
  return deps.stopLog(log, fail("facts.deleted", { logId: log.logId, expectedSequence: expected }).failure);
}

/** At once with a new token; the access says why when there is none. */
async function takeNextToken({ access }: RefusalDeps, refused: string): Promise<Outcome> {
  access.refuse(refused);
  const next = await access.token();
  return next.ok ? goOn : next;
}

function speakVersion({ outgoing }: RefusalDeps, batch: PackedFacts, chosen: Result<number>): Outcome {
  if (!chosen.ok) return chosen;
  if (chosen.value === batch.version)
    return fail("cloud.refused", { reason: `it names wire version ${chosen.value} and refuses it` });
  outgoing.speak(chosen.value);
  return goOn;
}
