/** What a printer understands; each is also the name of its family. */
export const labelLanguages = ["zpl", "tspl", "epl", "cpcl", "escpos"] as const;
export type LabelLanguage = (typeof labelLanguages)[number];

const isLanguage = (text: unknown): text is LabelLanguage => labelLanguages.some((known) => known === text);

/** A queue passes bytes through to whatever printer hangs behind it: its option says which language that is. */
export function findLabelLanguage(
  familyName: string,
  options: Readonly<Record<string, unknown>>,
): LabelLanguage {
  if (isLanguage(familyName)) return familyName;
  return isLanguage(options.language) ? options.language : "zpl";
}
