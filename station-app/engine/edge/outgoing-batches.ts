import { type Result, succeed } from "@waystation/shared/failures/result";
import { wireVersion } from "@waystation/shared/wire/cloud-http";
import type { PackedFacts, PackRequest } from "../replica/pack-facts.ts";
import { askCloud, type CloudAnswer } from "./ask-cloud.ts";
import type { CloudAccess } from "./cloud-access.ts";
import type { Log } from "./uplink-log.ts";

const usualSizeBytes = 2_000_000;
/** The oldest that is out and the one behind it: more would go out at the same instant and overtake each other. */
const mostPacked = 2;

export type OutgoingOptions = {
  readonly url: string;
  readonly stationId: string;
  readonly access: Pick<CloudAccess, "token">;
  /** The next facts of a log; read and packed in another thread. Null: there are none above. */
  readonly pack: (request: PackRequest) => Promise<PackedFacts | null>;
  readonly requestMs: number;
  readonly signal: AbortSignal;
};

/** A batch under way. `isAhead`: it was sent before the one in front of it was answered. */
export type Sent = {
  readonly batch: PackedFacts;
  readonly token: string;
  readonly isAhead: boolean;
  readonly answer: Promise<Result<CloudAnswer>>;
};

export type Outgoing = ReturnType<typeof openOutgoing>;

/**
 * Batches of one log on their way, oldest first, and one more that is packed meanwhile: so packing, the network,
 * the cloud's checks and its commits go on side by side. Holds `atOnce` batches and the two packed last.
 */
export function openOutgoing(options: OutgoingOptions) {
  const out: Sent[] = [];
  let limitBytes = usualSizeBytes;
  let version: number = wireVersion;
  /** The newest last. What a cloud that is away did not take is offered to it again as it is. */
  let packed: readonly PackedBatch[] = [];

  function pack(logId: string, above: number): Promise<PackedFacts | null> {
    const known = packed.find((one) => one.logId === logId && one.above === above);
    if (known !== undefined) return known.batch;
    const batch = options.pack({ stationId: options.stationId, logId, above, limitBytes, version });
    const made = { logId, above, batch };
    packed = [...packed.slice(1 - mostPacked), made];
    const forget = (): void => {
      packed = packed.filter((one) => one !== made);
    };
    // There may be facts the next time.
    batch.then((facts) => facts ?? forget(), forget);
    return batch;
  }

  /** Null: there is nothing to send after what is out. */
  async function packNext(log: Log): Promise<PackedFacts | null> {
    const before = out.at(-1)?.batch;
    if (before !== undefined && before.last >= log.recorded) return null;
    const batch = await pack(log.logId, before?.last ?? log.acknowledged);
    // Behind a hole only the cloud's answer says how to go on.
    return before !== undefined && batch?.first !== before.last + 1 ? null : batch;
  }

  async function settle(): Promise<void> {
    const answers = out.splice(0).map(({ answer }) => answer);
    await Promise.all(answers);
  }

  return {
    /** Sends until `atOnce` batches of the log are out or it has no more. Fails when there is no token. */
    async fill(log: Log, atOnce: number): Promise<Result<null>> {
      if (out.some(({ batch }) => batch.logId !== log.logId)) await settle();
      while (out.length < atOnce) {
        const batch = await packNext(log);
        if (batch === null) break;
        log.recorded = Math.max(log.recorded, batch.last);
        // While it is in doubt whether this one is taken, the next one may never be wanted.
        if (atOnce > 1 && batch.last < log.recorded) void pack(log.logId, batch.last);
        const token = await options.access.token();
        if (!token.ok) return token;
        const answer = post(options, batch, token.value);
        out.push({ batch, token: token.value, isAhead: out.length > 0, answer });
      }
      return succeed(null);
    },
    /** The oldest one out; its answer is to be waited for. */
    next: (): Sent | undefined => out.shift(),
    /** Waits for the others and forgets what they said: after a refusal the log is read again from where it stands. */
    settle,
    /** The cloud refused what it got: whatever went wrong with it, it is read and packed anew. */
    packAnew(): void {
      packed = [];
    },
    /** Half as much from now on. */
    shrink(batch: PackedFacts): void {
      limitBytes = Math.min(limitBytes, Math.ceil(batch.sizeBytes / 2));
      packed = [];
    },
    speak(chosen: number): void {
      if (chosen === version) return;
      version = chosen;
      packed = [];
    },
  };
}

type PackedBatch = {
  readonly logId: string;
  readonly above: number;
  readonly batch: Promise<PackedFacts | null>;
};

function post(
  { url, stationId, requestMs, signal }: OutgoingOptions,
  { contentType, body }: PackedFacts,
  token: string,
): Promise<Result<CloudAnswer>> {
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": contentType,
    "content-encoding": "gzip",
  };
  const path = `/v1/stations/${encodeURIComponent(stationId)}/facts`;
  return askCloud({ url: `${url}${path}`, method: "POST", headers, body, timeoutMs: requestMs, signal });
}
