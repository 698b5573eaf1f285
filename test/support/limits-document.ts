// docs/limits.md as it follows from src/bytes/limits.ts: names and values from the module, reasons
// from the comments above them.

import * as limits from '../../src/bytes/limits.ts';
import { textOf } from './source-tree.ts';

const HEAD = `# Limits

Every cap on what comes from outside, with its reason. A length above its cap is refused, with its
place, before anything is read or allocated. This page is written by \`npm run docs:tables\` from
\`src/bytes/limits.ts\`; a test fails when the two differ.

| limit | value | reason |
| --- | --- | --- |
`;

/** The whole document. Fails for a limit that has no reason. */
export function limitsDocument(): string {
  const text = textOf('src/bytes/limits.ts');
  const rows = Object.entries(limits).flatMap(([name, value]) => {
    const group = text.slice(text.indexOf(`export const ${name}`));
    if (typeof value === 'number')
      return [row(name, value, reasonBefore(text, `export const ${name}`))];
    return Object.entries(value).map(([key, cap]) =>
      row(`${name}.${key}`, cap, reasonBefore(group, `${key}:`)),
    );
  });
  return `${HEAD}${rows.join('\n')}\n`;
}

function row(name: string, value: number, reason: string): string {
  return `| \`${name}\` | ${value.toLocaleString('en-US')} | ${reason.replaceAll('|', '\\|')} |`;
}

/** The comment that ends right before the first line which starts with `start`. */
function reasonBefore(text: string, start: string): string {
  const lines = text.split('\n');
  const at = lines.findIndex((line) => line.trim().startsWith(start));
  const before = lines.slice(0, at).join('\n');
  const comment = before.slice(before.lastIndexOf('/**'));
  if (!comment.endsWith('*/')) throw new Error(`${start} has no reason in src/bytes/limits.ts`);
  const words = comment
    .slice(3, -2)
    .replaceAll(/\n\s*\*/g, ' ')
    .replaceAll(/\s+/g, ' ');
  return words.trim().replace(/\.$/, '');
}
