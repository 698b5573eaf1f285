// The table of lints as docs/policy.md shows it.

import { LINTS } from '../../src/policy/lint-table.ts';

const BEGIN = '<!-- lints: written by npm run docs:tables -->';
const END = '<!-- end of lints -->';

/** `text` with the table between the two marks as it follows from src/policy/lint-table.ts. */
export function withLintsTable(text: string): string {
  const [before = '', rest = ''] = text.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  const rows = Object.entries(LINTS).map(
    ([id, { severity, when, remedy }]) => `| \`${id}\` | ${severity} | ${when} | ${remedy} |`,
  );
  const head = ['| lint | severity | said when | what to do |', '| --- | --- | --- | --- |'];
  return `${before}${BEGIN}\n\n${[...head, ...rows].join('\n')}\n\n${END}${after}`;
}
