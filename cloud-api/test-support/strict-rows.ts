export type WireMessage = {
  readonly key?: string;
  readonly value?: Readonly<Record<string, string | null>>;
  readonly old_value?: Readonly<Record<string, string | null>>;
  readonly headers: {
    readonly operation?: "insert" | "update" | "delete";
    readonly control?: string;
    readonly lsn?: string;
    readonly op_position?: number;
    readonly last?: boolean;
    readonly [name: string]: unknown;
  };
};

type Ask = (query: string) => Promise<Response>;

/** Somebody writes the table for long: the official client asks again, too. */
const mostBusyAnswers = 30;
const busyPauseMs = 200;

/**
 * A client that forgives nothing: an insert of a row it has, a change or deletion of one it has not, and a
 * position that does not go forward are errors. `rows` is what it believes the table to hold.
 */
export function createStrictClient(ask: Ask) {
  const rows = new Map<string, Record<string, string | null>>();
  let at = "offset=-1";
  let lastPlace = [-1, -1];
  let refetches = 0;
  let answers = 0;
  let busyAnswers = 0;

  async function step(live: boolean): Promise<{ upToDate: boolean; changes: number }> {
    const response = await ask(`${at}${live && at !== "offset=-1" ? "&live=true" : ""}`);
    const messages = (await response.json()) as WireMessage[];
    answers += 1;
    if (response.status === 409) {
      rows.clear();
      at = "offset=-1";
      lastPlace = [-1, -1];
      refetches += 1;
      return { upToDate: false, changes: 0 };
    }
    if (response.status === 503 && busyAnswers < mostBusyAnswers) {
      busyAnswers += 1;
      await new Promise((resolve) => setTimeout(resolve, busyPauseMs));
      return { upToDate: false, changes: 0 };
    }
    busyAnswers = 0;
    if (response.status !== 200) throw new Error(`${response.status} ${JSON.stringify(messages)}`);
    for (const message of messages) apply(message);
    at = `offset=${response.headers.get("electric-offset")}&handle=${response.headers.get("electric-handle")}`;
    return {
      upToDate: messages.at(-1)?.headers.control === "up-to-date",
      changes: messages.filter(({ key }) => key !== undefined).length,
    };
  }

  function apply({ key, value, headers }: WireMessage): void {
    if (key === undefined || value === undefined) return;
    if (headers.lsn !== undefined) checkPlace([Number(headers.lsn), headers.op_position ?? -1]);
    const known = rows.get(key);
    if (headers.operation === "insert") {
      if (known !== undefined) throw new Error(`inserted again: ${key}`);
      rows.set(key, { ...value });
    } else if (known === undefined) throw new Error(`${headers.operation} of an unknown row: ${key}`);
    else if (headers.operation === "update") Object.assign(known, value);
    else rows.delete(key);
  }

  function checkPlace(place: number[]): void {
    const [number = 0, position = 0] = place;
    const [lastNumber = 0, lastPosition = 0] = lastPlace;
    if (number < lastNumber || (number === lastNumber && position <= lastPosition))
      throw new Error(`went back from ${lastPlace.join("_")} to ${place.join("_")}`);
    lastPlace = place;
  }

  async function catchUp(): Promise<void> {
    while (!(await step(false)).upToDate);
  }

  return { rows, step, catchUp, position: () => at, refetches: () => refetches, answers: () => answers };
}

export type StrictClient = ReturnType<typeof createStrictClient>;
