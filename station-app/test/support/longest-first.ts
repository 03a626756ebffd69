import { BaseSequencer, type TestSequencerConstructor, type TestSpecification } from "vitest/node";

/**
 * Without the durations of an earlier run the largest files go first, and a short file with a long test would be
 * left alone at the end. These go before all others.
 */
export const longest: readonly string[] = [
  "station-app/test/simulation/simulation.test.ts",
  "station-app/test/durability/kill.test.ts",
  "drivers/conformance/printers.test.ts",
  "drivers/conformance/sorters.test.ts",
  "cloud-api/db/migrations.test.ts",
  "cloud-api/test/owasp.test.ts",
  "cloud-api/shutdown.test.ts",
  "cloud-api/db/durability.test.ts",
  "station-app/cli/start/run.test.ts",
];

/** Files whose paths end like this go first, in this order. */
export function firstOf(paths: readonly string[]): TestSequencerConstructor {
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const rank = ({ moduleId }: TestSpecification): number => {
        const place = paths.findIndex((path) => moduleId.endsWith(path));
        return place === -1 ? paths.length : place;
      };
      return (await super.sort(files)).toSorted((left, right) => rank(left) - rank(right));
    }
  };
}
