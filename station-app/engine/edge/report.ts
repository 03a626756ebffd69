import {
  type StationReport,
  type StationReportReply,
  stationReportReplySchema,
} from "@waystation/shared/wire/cloud-http";
import { askCloud, readAnswer } from "./ask-cloud.ts";
import type { CloudAccess } from "./cloud-access.ts";

export type ReportOptions = {
  readonly url: string;
  readonly stationId: string;
  readonly access: Pick<CloudAccess, "token" | "refuse">;
  readonly compose: () => Promise<Omit<StationReport, "clockMs">>;
  /** `clockOffsetMs`: this machine's clock less the cloud's, half the round trip taken off. */
  readonly onReply: (reply: StationReportReply & { readonly clockOffsetMs: number }) => void;
  readonly times?: { readonly everyMs: number; readonly settleMs: number };
};

export const reportTimes = { everyMs: 60_000, settleMs: 2000 };
const requestTimeoutMs = 10_000;

/**
 * Tells the cloud how the station is, every minute and soon after a change. A report that does not arrive is not
 * repeated: the next one says more.
 */
export function startReports(options: ReportOptions) {
  const { times = reportTimes } = options;
  const abort = new AbortController();
  let sending = false;
  let settling: NodeJS.Timeout | undefined;

  async function send(): Promise<void> {
    if (sending || abort.signal.aborted) return;
    sending = true;
    await sendReport(options, abort.signal);
    sending = false;
  }

  function settle(): void {
    settling = undefined;
    if (sending) changed();
    else void send();
  }

  /** Changes that come together go together. */
  function changed(): void {
    settling ??= setTimeout(settle, times.settleMs);
  }

  const clock = setInterval(() => void send(), times.everyMs);
  return {
    changed,
    stop(): void {
      abort.abort();
      clearInterval(clock);
      clearTimeout(settling);
    },
  };
}

async function sendReport(
  { url, stationId, access, compose, onReply }: ReportOptions,
  signal: AbortSignal,
): Promise<void> {
  const token = await access.token();
  if (!token.ok) return;
  const report = await compose();
  const sentAtMs = Date.now();
  const answer = await askCloud({
    url: `${url}/v1/stations/${encodeURIComponent(stationId)}/report`,
    method: "PUT",
    headers: { authorization: `Bearer ${token.value}`, "content-type": "application/json" },
    body: JSON.stringify({ ...report, clockMs: sentAtMs }),
    timeoutMs: requestTimeoutMs,
    signal,
  });
  if (!answer.ok || signal.aborted) return;
  const reply = readAnswer(answer.value, stationReportReplySchema);
  if (!reply.ok) {
    if (reply.failure.code === "access.unauthenticated") access.refuse(token.value);
    return;
  }
  const clockOffsetMs = Math.round(sentAtMs + answer.value.roundTripMs / 2 - reply.value.serverTimeMs);
  onReply({ ...reply.value, clockOffsetMs });
}
