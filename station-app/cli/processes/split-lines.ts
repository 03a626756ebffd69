/** Cuts a stream of text into lines. A line over `maxLength` is handed on in pieces, so that nothing grows without end. */
export function createLineSplitter(onLine: (line: string) => void, maxLength = 64 * 1024) {
  let rest = "";
  return {
    push: (text: string): void => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
      while (rest.length > maxLength) {
        onLine(rest.slice(0, maxLength));
        rest = rest.slice(maxLength);
      }
    },
    end: (): void => {
      if (rest !== "") onLine(rest);
      rest = "";
    },
  };
}
