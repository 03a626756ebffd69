export type TarEntry = { readonly name: string; readonly content: Buffer };

const blockBytes = 512;

/**
 * An archive in the ustar format (POSIX.1-1988), as every tar reads it: regular files of ours, nothing else. Names have
 * at most 100 plain characters.
 */
export function writeTar(entries: readonly TarEntry[], modifiedAtMs: number): Buffer {
  const blocks = entries.flatMap(({ name, content }) => [
    writeHeader(name, content.length, modifiedAtMs),
    content,
    Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function writeHeader(name: string, sizeBytes: number, modifiedAtMs: number): Buffer {
  if (!/^[\w./-]{1,100}$/.test(name)) throw new Error(`assertion failed: ${name} is no name for an archive`);
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  header.write(name, 0);
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(sizeBytes, 11), 124);
  header.write(octal(Math.floor(modifiedAtMs / 1000), 11), 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\u0000 `, 148);
  return header;
}
