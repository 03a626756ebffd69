import { createRequire } from "node:module";
import { cruise, type ICruiseResult, type IConfiguration } from "dependency-cruiser";
import { listSources } from "./list-sources.ts";

/** One forbidden import. `to` equals `from` where the file itself is the trouble (an orphan). */
export type BorderViolation = {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
  readonly comment: string;
};

/**
 * Checks every import below the working directory against the rules of .dependency-cruiser.cjs.
 * dependency-cruiser prints a green mark after cruising nothing (it does so when it finds no TypeScript
 * compiler), so a source it did not visit is a violation as well.
 */
export async function checkBorders(): Promise<BorderViolation[]> {
  const sources = listSources(process.cwd()).filter((path) => !path.endsWith(".d.ts"));
  const { forbidden, options }: IConfiguration = createRequire(import.meta.url)("../.dependency-cruiser.cjs");
  const { output } = await cruise(sources, {
    ...options,
    ruleSet: { forbidden: forbidden ?? [] },
    validate: true,
  });
  if (typeof output === "string")
    throw new Error(`dependency-cruiser answered text: ${output.slice(0, 200)}`);
  return [...listMissed(sources, output), ...listViolations(output, forbidden ?? [])];
}

function listMissed(sources: readonly string[], result: ICruiseResult): BorderViolation[] {
  const visited = new Set(result.modules.map((module) => module.source));
  return sources
    .filter((path) => !visited.has(path))
    .map((path) => ({
      rule: "not-cruised",
      from: path,
      to: path,
      comment: "The border check did not see this file.",
    }));
}

function listViolations(
  result: ICruiseResult,
  rules: NonNullable<IConfiguration["forbidden"]>,
): BorderViolation[] {
  return result.summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle === undefined ? to : cycle.map((step) => step.name).join(" -> "),
    comment: rules.find((candidate) => candidate.name === rule.name)?.comment ?? "",
  }));
}

if (import.meta.main) {
  const violations = await checkBorders();
  const text = process.argv.includes("--json")
    ? JSON.stringify(violations)
    : violations.map(describe).join("\n");
  process.exitCode = violations.length === 0 ? 0 : 1;
  process.stdout.write(`${text}\n`);
}

function describe({ rule, from, to, comment }: BorderViolation): string {
  return from === to ? `${from}: ${rule}: ${comment}` : `${from} -> ${to}: ${rule}: ${comment}`;
}
