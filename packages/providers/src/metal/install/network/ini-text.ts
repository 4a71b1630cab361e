export type IniSection = readonly [
  name: string,
  lines: readonly (readonly [key: string, value: string | number] | null)[],
];

/** Sections with lines of `Key=value`; null is no line, a section without lines is none. Values have no line ends. */
export const iniText = (sections: readonly IniSection[]): string =>
  sections
    .map(([name, lines]) => [name, lines.filter((line) => line !== null)] as const)
    .filter(([, lines]) => lines.length > 0)
    .map(([name, lines]) => `[${name}]\n${lines.map(([key, value]) => `${key}=${value}\n`).join('')}`)
    .join('\n');

/** A line if there is a value. */
export const ifGiven = (key: string, value: string | number | undefined): readonly [string, string | number] | null =>
  value === undefined ? null : [key, value];
