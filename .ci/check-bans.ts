import { readFileSync } from "node:fs";
import ts from "typescript";
import { listSources } from "./list-sources.ts";

/** A thing the linters cannot express: which node or text, and in which files it is wrong. */
type Ban = {
  readonly name: string;
  readonly why: string;
  readonly in: (path: string) => boolean;
  /** Says whether this node of the syntax tree is the banned thing. */
  readonly is: (node: ts.Node) => boolean;
};

export type Finding = {
  readonly ban: string;
  readonly path: string;
  readonly line: number;
  readonly why: string;
};

const free =
  /(^|\/)(bench|test|test-support|conformance)\/|\.test(-support)?\.tsx?$|^station-app\/cli\/|^\.ci\/|^[^/]+\.ts$|\.config\.ts$/;
const isProduct = (path: string) => !free.test(path);
const within = (folders: RegExp, except?: RegExp) => (path: string) =>
  isProduct(path) && folders.test(path) && !except?.test(path);

/** `owner.name`, as in `process.env`. */
const isMember = (node: ts.Node, owner: RegExp, name: RegExp): boolean =>
  ts.isPropertyAccessExpression(node) &&
  ts.isIdentifier(node.expression) &&
  owner.test(node.expression.text) &&
  name.test(node.name.text);

const isCallOf = (node: ts.Node, name: RegExp): boolean =>
  (ts.isCallExpression(node) || ts.isNewExpression(node)) &&
  ts.isIdentifier(node.expression) &&
  name.test(node.expression.text);

const isDefaultExport = (node: ts.Node): boolean =>
  (ts.isExportAssignment(node) && node.isExportEquals !== true) ||
  (node.kind === ts.SyntaxKind.DefaultKeyword &&
    (ts.isFunctionLike(node.parent) || ts.isClassLike(node.parent))) ||
  (ts.isExportSpecifier(node) && node.name.text === "default");

export const bans: readonly Ban[] = [
  {
    name: "ipc",
    why: "ipcMain and ipcRenderer belong to main/, preload/ and the rpc files.",
    in: (path) => isProduct(path) && !/^station-app\/(main|preload)\/|(^|\/)rpc/.test(path),
    is: (node) => ts.isIdentifier(node) && /^ipc(Main|Renderer)$/.test(node.text),
  },
  {
    name: "process-env",
    why: "The environment is read in config folders and handed to them by a process's first file, nowhere else.",
    in: (path) =>
      isProduct(path) &&
      !/(^|\/)config(\/|\.ts$)|^cloud-api\/server\.ts$|^station-app\/main\/start-app\.ts$|^drivers\/transport\/run-command\.ts$/.test(
        path,
      ),
    is: (node) => isMember(node, /^process$/, /^env$/),
  },
  {
    name: "throw-in-shared",
    why: "Expected trouble in shared/ is a Failure; bugs go through assert.",
    in: within(/^shared\//, /^shared\/failures\/assert\.ts$/),
    is: (node) => ts.isThrowStatement(node),
  },
  {
    name: "clock-in-shared",
    why: "shared/ has no clock and no randomness: both are passed in.",
    in: within(/^shared\//),
    is: (node) =>
      isMember(node, /^(Date|performance)$/, /^now$/) ||
      isMember(node, /^Math$/, /^random$/) ||
      isMember(node, /^crypto$/, /^(randomUUID|getRandomValues)$/) ||
      isCallOf(node, /^(setTimeout|setInterval|setImmediate|queueMicrotask)$/) ||
      (ts.isNewExpression(node) && isCallOf(node, /^Date$/) && (node.arguments?.length ?? 0) === 0),
  },
  {
    name: "socket-by-global",
    why: "fetch and WebSocket open sockets: in drivers/ only transport/ may, in shared/ nobody.",
    in: within(/^(shared|drivers)\//, /^drivers\/transport\//),
    is: (node) => isCallOf(node, /^(fetch|WebSocket|EventSource)$/),
  },
  {
    name: "default-export",
    why: "Exports have names.",
    in: (path) => !/\.config\.ts$/.test(path),
    is: isDefaultExport,
  },
  {
    name: "focused-or-skipped-test",
    why: "Every test runs; where a machine lacks something use skipIf with the reason.",
    in: () => true,
    is: (node) =>
      isMember(node, /^(test|it|describe|suite)$/, /^(only|skip|todo|fails)$/) ||
      isCallOf(node, /^(xit|xtest|xdescribe|fit|fdescribe)$/),
  },
];

const marker = new RegExp(
  `\\b(${["TO", "FIX", "XX"].map((start, index) => start + (["DO", "ME", "X"][index] ?? "")).join("|")})\\b`,
);

/** Every ban broken in one file; `path` decides which bans apply to it. */
export function findBanned(path: string, text: string): Finding[] {
  const source = ts.createSourceFile(
    path,
    text,
    ts.ScriptTarget.ESNext,
    true,
    path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS,
  );
  const active = bans.filter((ban) => ban.in(path));
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    for (const ban of active) {
      if (!ban.is(node)) continue;
      const line = source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
      findings.push({ ban: ban.name, path, line, why: ban.why });
    }
    for (const child of node.getChildren(source)) visit(child);
  };
  visit(source);
  text.split("\n").forEach((line, index) => {
    if (marker.test(line))
      findings.push({ ban: "marker", path, line: index + 1, why: "Finish it or write an issue." });
  });
  return findings;
}

const longest = 400;

if (import.meta.main) {
  const sources = listSources(process.cwd()).map((path) => ({ path, text: readFileSync(path, "utf8") }));
  const findings = sources.flatMap(({ path, text }) => findBanned(path, text));
  for (const { ban, path, line, why } of findings) console.log(`${path}:${line}: ${ban}: ${why}`);
  for (const { path, text } of sources) {
    const lines = text.split("\n").length;
    if (lines > longest)
      console.log(`warning: ${path} has ${lines} lines; over ${longest} it wants to be two files.`);
  }
  process.exitCode = findings.length === 0 ? 0 : 1;
}
