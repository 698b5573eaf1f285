// How deep control flow nests in a file, read off its indentation: the formatter puts every block
// on lines of its own.

import type { Source } from './source-tree.ts';

const CONTROL = /^(?:\} )?(?:if|else|for|while|do|switch|try|catch|finally)\b.*[{(]$/;

interface Block {
  readonly indent: number;
  /** Blocks of control flow up to and with this one, inside one function. */
  readonly depth: number;
}

/** Lines that open a block of control flow inside `most` others, as `path:line`. */
export function nestedDeeper(source: Source, most: number): readonly string[] {
  const open: Block[] = [];
  return source.code.split('\n').flatMap((line, index) => {
    const text = line.trim();
    if (text === '') return [];
    const indent = line.length - line.trimStart().length;
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    if (!/[{(]$/.test(text)) return [];
    const depth = CONTROL.test(text) ? (open.at(-1)?.depth ?? 0) + 1 : depthBehind(text, open);
    open.push({ indent, depth });
    return depth > most && CONTROL.test(text) ? [`${source.path}:${index + 1}`] : [];
  });
}

/** A function starts anew; an object or a call that spans lines is no block of its own. */
function depthBehind(text: string, open: readonly Block[]): number {
  const isFunction = text.endsWith('=> {') || /^(?!return\b).*\)(?:: .*)? \{$/.test(text);
  return isFunction ? 0 : (open.at(-1)?.depth ?? 0);
}
