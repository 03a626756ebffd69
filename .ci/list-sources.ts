import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";

const generated = new Set(["node_modules", "dist", "release", "coverage", ".git", ".data"]);

/** Every TypeScript file people wrote below `root`, as sorted paths with forward slashes. */
export function listSources(root: string): string[] {
  return walk(root)
    .filter((path) => /\.(ts|tsx|cts)$/.test(path))
    .map((path) => relative(root, path).split(sep).join("/"))
    .sort();
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    if (generated.has(item.name)) return [];
    const path = join(folder, item.name);
    if (item.isDirectory()) return walk(path);
    return item.isFile() ? [path] : [];
  });
}
