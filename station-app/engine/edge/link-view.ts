import { failureCatalog } from "@waystation/shared/failures/catalog";
import type { Failure } from "@waystation/shared/failures/result";
import type { LinkView } from "@waystation/shared/session/view";

/** Who speaks with the cloud; in the order in which their troubles are shown. */
const speakers = ["access", "uplink", "replica"] as const;
export type LinkSpeaker = (typeof speakers)[number];

export type LinkStart = {
  /** False: no cloud is configured, and that is no trouble that could end. */
  readonly hasCloud: boolean;
  readonly recorded: number;
  readonly acknowledged: number;
  readonly ordersVisible: number;
  readonly nowMs: () => number;
};

export type Link = ReturnType<typeof createLink>;

const publishEveryMs = 200;
const noAnswer: ReadonlySet<string> = new Set(["cloud.unreachable", "database.unreachable"]);

/** What the screen says of the cloud; published at most a few times a second. */
export function createLink(start: LinkStart) {
  const troubles = new Map<LinkSpeaker, Failure>();
  let view: LinkView = {
    cloud: "offline",
    failure: start.hasCloud ? null : { code: "cloud.unreachable", details: {} },
    offlineSinceMs: start.hasCloud ? start.nowMs() : null,
    lastExchangeMs: null,
    clockOffsetMs: null,
    factsRecorded: start.recorded,
    factsAcknowledged: start.acknowledged,
    ordersVisible: start.ordersVisible,
    ordersFailure: null,
  };
  let listener: (view: LinkView) => void = () => {};
  let timer: NodeJS.Timeout | undefined;

  function change(changes: Partial<LinkView>): void {
    view = { ...view, ...changes };
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      listener(view);
    }, publishEveryMs).unref();
  }

  function showState(): void {
    const failure = speakers.map((speaker) => troubles.get(speaker)).find((found) => found !== undefined);
    const cloud = failure === undefined ? "online" : describeState(failure);
    const since = cloud === "offline" ? (view.offlineSinceMs ?? start.nowMs()) : null;
    change({ cloud, failure: failure === undefined ? null : asShown(failure), offlineSinceMs: since });
  }

  return {
    view: () => view,
    onChange(next: (view: LinkView) => void): void {
      listener = next;
    },
    recorded: (factsRecorded: number) => change({ factsRecorded }),
    acknowledged: (factsAcknowledged: number) => change({ factsAcknowledged }),
    orders: (visible: number) => change({ ordersVisible: visible }),
    ordersTrouble: (failure: Failure | null) =>
      change({ ordersFailure: failure === null ? null : asShown(failure) }),
    /** Of the disk and of the log, in the order in which they are shown. */
    notices: (failures: readonly Failure[]) => change({ notices: failures.map(asShown) }),
    clock: (clockOffsetMs: number) => change({ clockOffsetMs }),
    /** Null: this speaker's last exchange was good. */
    set(speaker: LinkSpeaker, failure: Failure | null): void {
      if (failure === null) troubles.delete(speaker);
      else troubles.set(speaker, failure);
      if (failure === null) change({ lastExchangeMs: start.nowMs() });
      showState();
    },
  };
}

function describeState({ code }: Failure): LinkView["cloud"] {
  if (noAnswer.has(code)) return "offline";
  return failureCatalog[code].retryable ? "waiting" : "refused";
}

const asShown = ({ code, details, cause }: Failure): NonNullable<LinkView["failure"]> => ({
  code,
  details: { ...details },
  ...(cause === undefined ? {} : { cause }),
});
