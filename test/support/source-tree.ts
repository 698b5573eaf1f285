// The repository's own files as data: their paths, their code without comments and strings, and
// what they import. Used by the tests that check the code itself.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'coverage', 'plumbline-data']);

/** Paths of all files below `folder`, relative to the repository, sorted. */
export function filesBelow(folder: string): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (NOT_OURS.has(entry.name)) continue;
    if (entry.isDirectory()) found.push(...filesBelow(path));
    else found.push(path);
  }
  return found.sort();
}

/** Text of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path of the file for a relative import, undefined for a package. */
  readonly path: string | undefined;
  /** Whether nothing of it is left at run time. */
  readonly typesOnly: boolean;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  /** `text` with every character of a comment or inside a string turned into a space; same
   *  length, same lines. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** A TypeScript file as the checks see it. */
export function sourceOf(path: string, text: string): Source {
  const code = blankOut(text);
  return { path, text, code, imports: importsOf(path, text, code) };
}

/** Every TypeScript file below `folder`. */
export function sourcesBelow(folder: string): readonly Source[] {
  const paths = filesBelow(folder).filter((path) => path.endsWith('.ts'));
  return paths.map((path) => sourceOf(path, textOf(path)));
}

const CLAUSE = /\b(?:import|export)\b([^'"`;=()]*?)\bfrom\s*(['"])|\bimport\s*()(['"])/g;
const DYNAMIC = /\bimport\s*\(\s*(['"]?)|\bnew URL\(\s*(['"])/g;

function importsOf(path: string, text: string, code: string): readonly Import[] {
  const imports: Import[] = [];
  for (const match of code.matchAll(CLAUSE)) {
    const specifier = stringAt(text, match.index + match[0].length - 1);
    imports.push(importOf(path, specifier, isTypesOnly(match[1] ?? '')));
  }
  for (const match of code.matchAll(DYNAMIC)) {
    const isCall = match[0].startsWith('import');
    if (isCall && match[1] === '') imports.push(importOf(path, '(computed)', false));
    else {
      const specifier = stringAt(text, match.index + match[0].length - 1);
      if (isCall || specifier.endsWith('.ts')) imports.push(importOf(path, specifier, false));
    }
  }
  return imports;
}

function importOf(path: string, specifier: string, typesOnly: boolean): Import {
  const relative = specifier.startsWith('.');
  const target = relative ? normalize(join(dirname(path), specifier)) : undefined;
  return { specifier, path: target, typesOnly };
}

function isTypesOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const braces = /^\s*\{([^}]*)\}\s*$/.exec(clause);
  if (braces === null) return false;
  const names = (braces[1] ?? '').split(',').filter((name) => name.trim() !== '');
  return names.length > 0 && names.every((name) => /^\s*type\b/.test(name));
}

function stringAt(text: string, quoteAt: number): string {
  return text.slice(quoteAt + 1, text.indexOf(text[quoteAt] ?? '', quoteAt + 1));
}

// Group 1: a comment, or a regular expression behind an operator. Group 2: a string. Group 3: what
// opens and closes templates and their substitutions.
const TOKEN = new RegExp(
  [
    String.raw`(\/\/[^\n]*|\/\*[\s\S]*?\*\/`,
    String.raw`|(?<=[=(,:!&|?;[{}]\s*|\breturn\s+)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^\/\\[\n])+\/)`,
    String.raw`|('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")`,
    '|([`{}])',
  ].join(''),
  'g',
);
const TEMPLATE_TEXT = /(?:\\[\s\S]|[^`\\$]|\$(?!\{))*(`|\$\{)/y;

function blankOut(text: string): string {
  const parts: string[] = [];
  /** For each open substitution, how many braces are open inside it. */
  const open: number[] = [];
  let at = 0;
  for (let token = next(text, at); token !== null; token = next(text, at)) {
    const [whole, hidden, quoted, mark] = token;
    parts.push(text.slice(at, token.index));
    at = token.index + whole.length;
    if (hidden !== undefined) parts.push(spaces(whole));
    else if (quoted !== undefined)
      parts.push(whole[0] ?? '', spaces(whole.slice(2)), whole[0] ?? '');
    else parts.push(whole);
    if (mark === undefined || !entersTemplate(mark, open)) continue;
    TEMPLATE_TEXT.lastIndex = at;
    const [chunk = '', end = ''] = TEMPLATE_TEXT.exec(text) ?? [];
    parts.push(spaces(chunk.slice(end.length)), end);
    at += chunk.length;
    if (end === '${') open.push(0);
  }
  return parts.join('') + text.slice(at);
}

function next(text: string, at: number): RegExpExecArray | null {
  TOKEN.lastIndex = at;
  return TOKEN.exec(text);
}

/** Whether template text follows `mark`; keeps count of the braces inside substitutions. */
function entersTemplate(mark: string, open: number[]): boolean {
  const depth = open.at(-1);
  if (mark === '`') return true;
  if (depth === undefined) return false;
  if (mark === '}' && depth === 0) {
    open.pop();
    return true;
  }
  open[open.length - 1] = depth + (mark === '{' ? 1 : -1);
  return false;
}

function spaces(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
