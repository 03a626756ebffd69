import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** One place in the sources, named by text that stands there exactly once, and what stands there instead. */
export type Patch = { readonly file: string; readonly find: string; readonly replace: string };

export type Build = { readonly root: string; readonly remove: () => void };

export const checkout = join(import.meta.dirname, "../../..");
const copied = ["shared", "drivers", "station-app", "cloud-api", "fixtures", "package.json", "tsconfig.json"];
const leftOut = ["node_modules", "dist", "bench"];
const ours = "@waystation";

/**
 * A copy of the sources in a folder of its own, with these places changed; libraries are links to those of the checkout.
 * Throws an Error that says whose patch no longer fits, and where.
 */
export function buildMutant(name: string, patches: readonly Patch[]): Build {
  const root = mkdtempSync(join(tmpdir(), "waystation-mutant-"));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  try {
    const filter = (path: string): boolean => !leftOut.includes(basename(path));
    for (const entry of copied) cpSync(join(checkout, entry), join(root, entry), { recursive: true, filter });
    linkLibraries(root);
    for (const [file, text] of patchFiles(name, patches)) writeFileSync(join(root, file), text);
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}

/** @returns the changed text of every file concerned. Nothing is written. */
export function patchFiles(name: string, patches: readonly Patch[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const { file, find, replace } of patches) {
    const text = files.get(file) ?? readFileSync(join(checkout, file), "utf8");
    const parts = text.split(find);
    if (parts.length !== 2)
      throw new Error(
        `mutant "${name}": the text to be replaced stands ${parts.length - 1} times in ${file}: ${find}`,
      );
    files.set(file, parts.join(replace));
  }
  return files;
}

/** Our own packages lead into the copy, everything else to where it was installed. */
function linkLibraries(root: string): void {
  const from = join(checkout, "node_modules");
  const to = join(root, "node_modules");
  mkdirSync(join(to, ours), { recursive: true });
  for (const name of readdirSync(from)) if (name !== ours) symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, ours))) symlinkSync(join(root, name), join(to, ours, name));
  // A part that wants another version of a library has it in a folder of its own.
  for (const part of copied) {
    const own = join(checkout, part, "node_modules");
    if (existsSync(own)) symlinkSync(own, join(root, part, "node_modules"));
  }
}
