import type { LogEntry } from "./log-entries.ts";
import type { RowValues } from "./record-text.ts";
import type { ShapeDefinition } from "./shape-definition.ts";

type Waiter = { readonly wake: () => void };
type Group = { readonly columns: readonly number[]; readonly byValues: Map<string, Set<Waiter>> };
type Waiting = { readonly any: Set<Waiter>; readonly groups: Map<string, Group> };

/**
 * Held requests by what they wait for. One that waits for rows with certain values is not looked at when others
 * change: with five hundred stations, each waiting for its own row, a commit wakes one.
 */
export type WaitList = {
  /** The callback is called at most once for each entry of interest; the answer ends the wait. */
  readonly add: (definition: ShapeDefinition, wake: () => void) => () => void;
  /** Wakes who waits for the row as it was or as it became. */
  readonly wakeFor: (entry: LogEntry) => void;
  readonly wakeRelation: (relation: string) => void;
  readonly wakeAll: () => void;
  readonly relations: () => readonly string[];
  readonly count: () => number;
};

export function createWaitList(): WaitList {
  const waiting = new Map<string, Waiting>();
  let count = 0;

  function find(relation: string): Waiting {
    const found = waiting.get(relation) ?? { any: new Set(), groups: new Map() };
    waiting.set(relation, found);
    return found;
  }

  function add({ relation, where }: ShapeDefinition, wake: () => void): () => void {
    const waiter: Waiter = { wake };
    const place = find(relation.oid);
    const equalities = where?.equalities ?? null;
    const remove = equalities === null ? addTo(place.any, waiter) : addToGroup(place, equalities, waiter);
    count += 1;
    return () => {
      remove();
      count -= 1;
      if (place.any.size === 0 && place.groups.size === 0) waiting.delete(relation.oid);
    };
  }

  function wakeFor(entry: LogEntry): void {
    const place = waiting.get(entry.relation);
    if (place === undefined) return;
    wakeSet(place.any);
    for (const group of place.groups.values()) {
      if (entry.oldText !== null) wakeSet(group.byValues.get(joinValues(group.columns, entry.oldRow())));
      if (entry.newText !== null) wakeSet(group.byValues.get(joinValues(group.columns, entry.newRow())));
    }
  }

  function wakeRelation(relation: string): void {
    const place = waiting.get(relation);
    if (place === undefined) return;
    wakeSet(place.any);
    for (const group of place.groups.values()) for (const set of group.byValues.values()) wakeSet(set);
  }

  const wakeAll = (): void => {
    for (const relation of [...waiting.keys()]) wakeRelation(relation);
  };
  return { add, wakeFor, wakeRelation, wakeAll, relations: () => [...waiting.keys()], count: () => count };
}

function addTo(set: Set<Waiter>, waiter: Waiter): () => void {
  set.add(waiter);
  return () => void set.delete(waiter);
}

type Equalities = readonly { readonly index: number; readonly value: string }[];

function addToGroup({ groups }: Waiting, equalities: Equalities, waiter: Waiter): () => void {
  const columns = equalities.map(({ index }) => index);
  const name = columns.join();
  const group = groups.get(name) ?? { columns, byValues: new Map<string, Set<Waiter>>() };
  groups.set(name, group);
  const values = JSON.stringify(equalities.map(({ value }) => value));
  const set = group.byValues.get(values) ?? new Set();
  group.byValues.set(values, set);
  set.add(waiter);
  return () => {
    set.delete(waiter);
    if (set.size === 0) group.byValues.delete(values);
    if (group.byValues.size === 0) groups.delete(name);
  };
}

const joinValues = (columns: readonly number[], row: RowValues): string =>
  JSON.stringify(columns.map((index) => row[index] ?? null));

function wakeSet(set: ReadonlySet<Waiter> | undefined): void {
  if (set !== undefined) for (const waiter of [...set]) waiter.wake();
}
