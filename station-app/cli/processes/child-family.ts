import { type Failure, fail, type Result } from "@waystation/shared/failures/result";
import type { ReadyMessage } from "./launch-child.ts";
import { readProcessIdentity } from "./process-identity.ts";
import type { RunState } from "./run-file.ts";
import { type ChildEvent, type ChildSpec, type SupervisedChild, superviseChild } from "./supervise-child.ts";

export type ChildFamily = {
  readonly start: (
    spec: ChildSpec,
    group: string,
    onEvent?: (event: ChildEvent) => void,
  ) => Promise<Result<ReadyMessage>>;
  readonly send: (name: string, command: object) => boolean;
  readonly running: () => RunState["processes"];
  /** Resolves with the failure of the first child that is given up for good. */
  readonly lost: Promise<Failure>;
  /** Group after group, the children of one group together. A group that is not named stops last. */
  readonly stop: (groups: readonly string[]) => Promise<void>;
  readonly kill: () => void;
};

/** The children of one start: kept alive together and ended in order. `onChange` after every start and end. */
export function createFamily(onChange: () => void): ChildFamily {
  const members: { readonly child: SupervisedChild; readonly group: string }[] = [];
  const { promise: lost, resolve: lose } = Promise.withResolvers<Failure>();

  let ending = false;

  const start: ChildFamily["start"] = async (spec, group, onEvent) => {
    if (ending)
      return fail("process.not-started", {
        name: spec.name,
        reason: "everything is being stopped",
        log: spec.logPath,
      });
    const child = superviseChild(spec, (event) => {
      if (event.kind === "gave-up") lose(event.failure);
      onEvent?.(event);
      if (event.kind !== "message") onChange();
    });
    members.push({ child, group });
    return child.start();
  };

  const running = () =>
    members.flatMap(({ child }) => {
      const pid = child.pid();
      const identity = pid === null ? null : readProcessIdentity(pid);
      return pid === null || identity === null ? [] : [{ name: child.name, pid, identity }];
    });

  const stop: ChildFamily["stop"] = async (groups) => {
    ending = true;
    const known = new Set(groups);
    for (const group of [...groups, null]) {
      const next = members.filter((member) =>
        group === null ? !known.has(member.group) : member.group === group,
      );
      await Promise.all(next.map(({ child }) => child.stop()));
    }
  };

  return {
    start,
    running,
    lost,
    stop,
    send: (name, command) => members.find(({ child }) => child.name === name)?.child.send(command) ?? false,
    kill: () => {
      ending = true;
      for (const { child } of members) child.kill();
    },
  };
}
