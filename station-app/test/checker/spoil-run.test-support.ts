import { copyFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { hashOf, type Line, type MadeRun, type Spoiling } from "./make-run.test-support.ts";

/* What can have gone wrong in a run that a test made: statements for its databases, other lines of its devices. */

export const inStation = (...statements: string[]): Spoiling => ({
  facts: (db) => void statements.map((statement) => db.exec(statement)),
});
export const inOrders = (statement: string): Spoiling => ({ orders: (db) => void db.exec(statement) });
export const inCloud = (...cloud: string[]): Spoiling => ({ cloud });
export const prunedThrough = (end: number): readonly string[] => [
  `UPDATE log SET pruned_hash = (SELECT hash FROM facts WHERE sequence = ${end}), pruned_through = ${end}`,
  `DELETE FROM facts WHERE sequence <= ${end}`,
  `DELETE FROM parcels WHERE last_sequence <= ${end}`,
];

/** Changes the lines of which all these values are true. */
export const inTwins = (match: Line, act: (line: Line) => Line[]): Spoiling => ({
  twins: (lines) =>
    lines.flatMap((line) =>
      Object.entries(match).every(([key, value]) => line[key] === value) ? act(line) : [line],
    ),
});

export const otherHash = "UPDATE facts SET hash = zeroblob(32) WHERE sequence = 7";
export const alarm = `INSERT INTO fact_alarms (station_id, log_id, sequence, kind, stored_hash, offered_hash)
  SELECT station_id, log_id, received_through, 'forked', '', '' FROM acknowledgements`;

/** Those that need to know what the run recorded. */
export function createSpoilings(made: () => MadeRun) {
  const last = () => made().facts.length;

  /** The log as if other facts had been recorded: the same number of them, with a chain that holds, here and in the cloud. */
  function retell(
    parcelNumber: number,
    changes: Readonly<Record<string, Line>>,
    also: Spoiling = {},
  ): Spoiling {
    const said = made().facts.map(({ text }) => JSON.parse(text) as Line & { payload: Line });
    const parcels = [...new Set(said.flatMap(({ parcelId }) => parcelId ?? []))];
    let previousHash = "0".repeat(64);
    const facts = said.map((fact) => {
      const other = fact.parcelId === parcels[parcelNumber - 1] ? changes[String(fact.type)] : undefined;
      const payload = { ...fact.payload, ...(other?.payload as Line | undefined) };
      const text = JSON.stringify({ ...fact, ...other, payload, previousHash });
      previousHash = hashOf(text);
      return { sequence: Number(fact.sequence), text, hash: previousHash, type: other?.type ?? fact.type };
    });
    const quote = (text: unknown) => `'${String(text).replaceAll("'", "''")}'`;
    return {
      ...also,
      facts: (db) => {
        const update = db.prepare("UPDATE facts SET text = ?, hash = ? WHERE sequence = ?");
        for (const { sequence, text, hash } of facts) update.run(text, Buffer.from(hash, "hex"), sequence);
      },
      cloud: [
        `UPDATE facts f SET text = v.text, hash = v.hash, type = v.type FROM (VALUES ${facts
          .map((fact) => `(${fact.sequence}, ${quote(fact.text)}, '${fact.hash}', ${quote(fact.type)})`)
          .join()}) AS v (sequence, text, hash, type) WHERE f.sequence = v.sequence`,
        `UPDATE acknowledgements SET last_hash = '${previousHash}'`,
      ],
    };
  }

  /** A copy of facts.db that went on in another way from its last fact. */
  const otherBranch = (
    write = (text: string) => text.replace('"bootId":"', '"bootId":"other-'),
  ): { factsFiles: string[]; forked: boolean } => {
    const [whole = ""] = made().station.factsFiles;
    const copy = join(made().root, "branch.db");
    copyFileSync(whole, copy);
    const db = new Database(copy);
    const { text } = db.prepare("SELECT text FROM facts ORDER BY sequence DESC").get() as { text: string };
    const other = write(text);
    db.exec("DROP TRIGGER facts_are_immutable");
    db.prepare("UPDATE facts SET text = ?, hash = ? WHERE sequence = ?").run(
      other,
      Buffer.from(hashOf(other), "hex"),
      last(),
    );
    db.close();
    return { factsFiles: [whole, copy], forked: false };
  };
  /** The same, put back on purpose: the cloud knows only what was written since. */
  const unseenBranch = () => ({ station: { ...otherBranch(), forked: true } });
  /** The same, its facts counted as acknowledged though the cloud has the others. */
  const branchInUse = () => ({ factsFiles: otherBranch().factsFiles.toReversed() });
  /** An older copy was put back; the branch that was lost had just asked for a label of an order nobody else labelled. */
  const labelOfLostBranch = (twins: (lines: readonly Line[], label: Line) => Line[]): Spoiling => {
    const { factsFiles } = otherBranch((text) => text);
    const before = made().facts.at(-1);
    const sequence = last() + 1;
    const asked = { type: "label.requested", payload: { jobId: "another", orderId: "order-20" } };
    const fact = { ...JSON.parse(before?.text ?? ""), ...asked, sequence, previousHash: before?.hash };
    const db = new Database(factsFiles[1]);
    const text = JSON.stringify(fact);
    db.prepare("INSERT INTO facts (sequence, text, hash) VALUES (?, ?, ?)").run(
      ...[sequence, text, Buffer.from(hashOf(text), "hex")],
    );
    db.close();
    const label = { event: "label", atMs: 0, printer: "printer", keys: ["WS0000000020"] };
    return {
      station: { factsFiles, forked: true },
      cloud: [alarm],
      twins: (lines) => twins(lines, { ...label, committed: { logId: fact.logId, sequence: 50 } }),
    };
  };

  return { last, retell, otherBranch, unseenBranch, branchInUse, labelOfLostBranch };
}
