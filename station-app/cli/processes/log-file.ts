import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

export type LogFile = {
  readonly path: string;
  readonly write: (line: string) => void;
  readonly close: () => void;
};

export type LogLimits = { readonly maxBytes: number; readonly keep: number };
const defaultLimits: LogLimits = { maxBytes: 4 * 1024 * 1024, keep: 2 };

/** Appends dated lines; at `maxBytes` the file becomes `path.1`, the older one `path.2`, and so on up to `keep`. */
export function openLogFile(path: string, limits: LogLimits = defaultLimits): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, "a", 0o600);
  let size = fstatSync(file).size;
  let open = true;

  const rotate = () => {
    rmSync(`${path}.${limits.keep}`, { force: true });
    for (let age = limits.keep - 1; age >= 0; age -= 1) {
      const from = age === 0 ? path : `${path}.${age}`;
      if (existsSync(from)) renameSync(from, `${path}.${age + 1}`);
    }
    const next = openSync(path, "a", 0o600);
    closeSync(file);
    file = next;
    size = 0;
  };

  const write = (line: string) => {
    if (!open) return;
    const bytes = Buffer.from(`${new Date().toISOString()} ${line}\n`);
    try {
      if (size > 0 && size + bytes.length > limits.maxBytes) rotate();
      size += writeSync(file, bytes);
    } catch {
      // A full disk must not end the station's supervisor: its log has gaps then.
    }
  };

  const close = () => {
    if (open) closeSync(file);
    open = false;
  };
  return { path, write, close };
}
