import { type Failure, fail } from "@waystation/shared/failures/result";
import type { CoreStatus } from "../core/messages.ts";

/** About a day of a busy belt: long enough for every shift to read it. */
const toldForFacts = 20_000;

/** What the operator is told of damaged files: until the cloud has all of it and everybody had time to read it. */
export const describeFormerLogs = ({ formerLogs, recorded }: CoreStatus): readonly Failure[] =>
  formerLogs
    .filter(({ settled }) => !settled || recorded < toldForFacts)
    .map(
      ({ readableFacts, lostFacts, file }) =>
        fail("store.salvaged", { readable: readableFacts, lost: lostFacts, file }).failure,
    );
