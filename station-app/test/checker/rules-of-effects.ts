import type { Evidence, Notes } from "./gather-evidence.ts";
import type { Fact } from "./read-fact.ts";
import type { EventOf, TwinEvent } from "./read-twins.ts";

const eventsOf = <K extends TwinEvent["event"]>({ twins }: Evidence, kind: K): EventOf<K>[] =>
  (twins ?? []).filter((event): event is EventOf<K> => event.event === kind);

/** Where an older copy was put back, what the lost branch did was done all the same. */
const ofName = (evidence: Evidence, ...names: string[]): Fact[] =>
  evidence.station.forked
    ? listEverywhere(evidence, names)
    : evidence.history.filter(({ name }) => names.includes(name));

/** Every text of every branch. */
const listEverywhere = ({ places }: Evidence, names: readonly string[]): Fact[] =>
  [...places.values()].flatMap((log) =>
    [...log.values()].flat().flatMap(({ fact }) => (names.includes(fact.name) ? fact : [])),
  );

const listIntents = (evidence: Evidence, name: string): Fact[] => listEverywhere(evidence, [name]);

type Effect = EventOf<"label" | "divert">;

/** Whether an intent was durable when the effect arrived; where nobody looked, the clocks must do. */
function createOrder(evidence: Evidence): (intent: Fact, effect: Effect) => boolean {
  const { logOrder, places } = evidence;
  const later = findRestored(evidence);
  const isInUse = (intent: Fact): boolean =>
    places
      .get(intent.logId)
      ?.get(intent.sequence)
      ?.find(({ fact }) => fact === intent)?.inUse === true;
  return (intent, effect) => {
    const { committed, atMs } = effect;
    if (committed === null) return Date.parse(intent.occurredAt) <= atMs;
    if (intent.logId !== committed.logId)
      return logOrder.indexOf(intent.logId) < logOrder.indexOf(committed.logId);
    // What was on its way when an older copy was put back was asked for by the branch that was lost with it.
    return intent.sequence <= committed.sequence || (later.has(effect) && !isInUse(intent));
  };
}

/** Effects that arrived when less was durable than once had been: an older copy was in the file's place. */
function findRestored({ station, twins }: Evidence): ReadonlySet<TwinEvent> {
  const found = new Set<TwinEvent>();
  const most = new Map<string, number>();
  if (!station.forked) return found;
  for (const event of twins ?? []) {
    if (!("committed" in event) || event.committed === null) continue;
    const { logId, sequence } = event.committed;
    const before = most.get(logId) ?? 0;
    if (sequence < before) found.add(event);
    most.set(logId, Math.max(before, sequence));
  }
  return found;
}

/** Nothing physical happens before its intent is durable. */
export function checkIntents(evidence: Evidence, { find, count }: Notes): void {
  const isEarlier = createOrder(evidence);
  const ordersOf = lookUpOrders(evidence);
  const labels = groupBy(listIntents(evidence, "label.requested.v1"), ({ payload }) =>
    String(payload.orderId),
  );
  const diverts = groupBy(listIntents(evidence, "divert.requested.v1"), ({ payload }) =>
    String(payload.parcelIndex),
  );
  for (const effect of eventsOf(evidence, "label")) {
    const { keys, printer } = effect;
    count("labels");
    const orders = ordersOf(keys);
    const intents = orders.flatMap((orderId) => labels.get(orderId) ?? []);
    const what = `${printer} printed a label of ${orders.join() || `nobody (${keys.join()})`}`;
    if (!intents.some((intent) => isEarlier(intent, effect)))
      find("intent", `${what}, and no label was requested by then`);
  }
  for (const effect of eventsOf(evidence, "divert")) {
    const { parcelIndex, chute, sorter } = effect;
    count("diverts");
    const intents = diverts.get(String(parcelIndex)) ?? [];
    const isAsked = intents.some((intent) => intent.payload.chute === chute && isEarlier(intent, effect));
    if (!isAsked)
      find(
        "intent",
        `${sorter} was told chute ${chute} for parcel ${parcelIndex}, which nobody requested by then`,
      );
  }
}

/** What a label bears leads to its order, in the cloud's words and in those a scanner reads. */
function lookUpOrders({ cloud, orders }: Evidence): (keys: readonly string[]) => string[] {
  const known = new Map<string, Set<string>>();
  const add = (key: unknown, orderId: string): void => {
    if (typeof key === "string") known.set(key, (known.get(key) ?? new Set()).add(orderId));
  };
  for (const { order_id, waybill, tracking_number } of cloud.releases)
    for (const key of [order_id, waybill, tracking_number]) add(key, String(order_id));
  for (const { value, orderId } of orders?.identifiers ?? []) add(value, orderId);
  return (keys) => [...new Set(keys.flatMap((key) => [...(known.get(key) ?? [])]))];
}

/** No second label, no second divert. */
export function checkOnce(evidence: Evidence, { find, count }: Notes): void {
  const ordersOf = lookUpOrders(evidence);
  const labels = groupBy(eventsOf(evidence, "label"), ({ keys }) => ordersOf(keys).join() || keys.join());
  const jobs = new Map(
    ofName(evidence, "label.requested.v1").map(({ payload }) => [payload.jobId, String(payload.orderId)]),
  );
  // A person looked, saw none, and so let the order be tried again.
  const asked = ofName(evidence, "label.resolved.v1").filter(
    ({ payload, actorKind }) => payload.printed === false && actorKind === "operator",
  );
  for (const [orderId, events] of labels) {
    const again = asked.filter(({ payload }) => jobs.get(payload.jobId) === orderId).length;
    if (events.length > 1) count("labelsAPersonAskedFor", Math.min(again, events.length - 1));
    // A store put back to an older state has forgotten whom it labelled; that it was put back is told by the fork.
    if (events.length > 1 + again && !evidence.station.forked)
      find("once", `${events.length} labels of ${orderId} came out`);
  }
  const taken = groupBy(
    eventsOf(evidence, "divert").filter(({ accepted }) => accepted),
    ({ parcelIndex }) => String(parcelIndex),
  );
  for (const [index, events] of taken)
    if (events.length > 1) find("once", `parcel ${index} was diverted ${events.length} times`);
  if (evidence.twins === null) return;
  for (const { payload } of ofName(evidence, "label.printed.v1")) {
    const orderId = jobs.get(payload.jobId);
    if (orderId !== undefined && !labels.has(orderId))
      find("once", `a label of ${orderId} is recorded as printed, and none came out`);
  }
}

/** The last parcel that was inducted under an index of the belt. */
function parcelsByIndex(evidence: Evidence): Map<unknown, string[]> {
  const inducted = ofName(evidence, "parcel.inducted.v1").filter(
    ({ payload }) => payload.parcelIndex !== null,
  );
  const grouped = groupBy(inducted, ({ payload }) => payload.parcelIndex);
  return new Map([...grouped].map(([index, facts]) => [index, facts.map(({ parcelId }) => parcelId ?? "")]));
}

/** Index and chute of what a branch asked for that was lost with its file: it happened all the same. */
function askedInLostBranch({ station, places, history }: Evidence): ReadonlySet<string> {
  if (!station.forked) return new Set();
  const kept = new Set(history);
  const facts = [...places.values()].flatMap((log) => [...log.values()].flat().map(({ fact }) => fact));
  return new Set(
    facts
      .filter((fact) => fact.name === "divert.requested.v1" && !kept.has(fact))
      .map(({ payload }) => `${String(payload.parcelIndex)}/${String(payload.chute)}`),
  );
}

/** A parcel lies where its decision and its command said, or where doubts go. */
export function checkChutes(evidence: Evidence, { find, count }: Notes): void {
  const { safeChutes } = evidence.station;
  const lost = askedInLostBranch(evidence);
  const parcels = parcelsByIndex(evidence);
  const wanted = ofName(evidence, "parcel.judged.v1", "divert.requested.v1", "parcel.ended.v1");
  const facts = groupBy(wanted, ({ parcelId }) => parcelId);
  for (const { parcelIndex, chute } of eventsOf(evidence, "landed")) {
    count("landed");
    if (lost.has(`${parcelIndex}/${chute}`)) continue;
    const isSafe = safeChutes.includes(chute);
    const found = (parcels.get(parcelIndex) ?? []).flatMap((parcelId) => facts.get(parcelId) ?? []);
    const chuteIn = (name: string) => found.findLast((fact) => fact.name === name)?.payload.chute;
    const [judged, asked] = [chuteIn("parcel.judged.v1"), chuteIn("divert.requested.v1")];
    const parcel = `parcel ${parcelIndex} lies in chute ${chute}`;
    if (!isSafe && chute !== asked) find("chute", `${parcel} and was sent to ${String(asked ?? "none")}`);
    if (!isSafe && chute !== judged) find("chute", `${parcel} and belongs in ${String(judged ?? "none")}`);
    const end = found.findLast(({ name }) => name === "parcel.ended.v1")?.payload;
    if (end?.outcome !== "accepted") continue;
    if (isSafe) find("chute", `${parcel} and ended accepted`);
    else if (end.chute !== chute) find("chute", `${parcel} and ended in ${String(end.chute)}`);
  }
}

/** Whatever the station's line took is a parcel, or the facts say why not. */
export function checkForgotten(evidence: Evidence, { find, count }: Notes): void {
  const parcels = parcelsByIndex(evidence);
  const turnedAway = new Set(
    ofName(evidence, "reading.discarded.v1")
      .filter(({ payload }) => payload.kind === "induct")
      .map(({ payload }) => payload.parcelIndex),
  );
  const announced = groupBy(
    ofName(evidence, "parcel.inducted.v1").filter(({ payload }) => payload.trigger === "sorter"),
    ({ payload }) => payload.parcelIndex,
  );
  for (const { parcelIndex, told } of eventsOf(evidence, "inducted")) {
    count("inducted");
    const found = new Set(parcels.get(parcelIndex));
    if (evidence.run.quiesced && told && found.size === 0 && !turnedAway.has(parcelIndex))
      find("forgotten", `parcel ${parcelIndex} was announced, and no fact tells of it`);
    // A reading of a parcel nobody announced, its index wrong perhaps, begins one that ends in the reject chute.
    const times = announced.get(parcelIndex)?.length ?? 0;
    if (times > 1) find("forgotten", `parcel ${parcelIndex} is ${times} parcels in the facts`);
  }
}

export function groupBy<T, K>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
