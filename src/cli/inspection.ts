// What `plumbline inspect` found in a file, and how it is shown: one tree of values, printed as
// rows for people or as JSON for programs.

import type { Malformed } from '../bytes/reader.ts';
import { type Paint, printable } from './terminal.ts';

/** Kinds of files that can be inspected, by the names that `--as` takes. */
export const KINDS = [
  'quote',
  'signature',
  'tpmt-public',
  'tpm2b-public',
  'spki-pem',
  'x509-pem',
  'x509-der',
  'list',
  'ascii-list',
  'event-log',
  'bundle',
] as const;
export type Kind = (typeof KINDS)[number];

/** A value that can be shown. */
export type Shown =
  | string
  | number
  | boolean
  | readonly Shown[]
  | { readonly [label: string]: Shown | undefined };

export interface Inspection {
  readonly kind: Kind;
  /** What the bytes say, up to the place where they broke. */
  readonly shown: { readonly [label: string]: Shown | undefined };
  /** Where the file is not what its kind says. */
  readonly malformed?: Malformed;
}

/** An inspection as rows of label and value. */
export function inspectionText(file: string, inspection: Inspection, paint: Paint): string {
  const { kind, shown, malformed } = inspection;
  const lines = [`${paint.strong(kind)}  ${printable(file)}`, ...rowsOf(shown, '  ')];
  if (malformed !== undefined) {
    const { field, offsetBytes, expected, actual } = malformed;
    lines.push(`  ${paint.bad('malformed')}`);
    lines.push(...rowsOf({ field, byte: offsetBytes, expected, actual }, '    '));
  }
  return `${lines.join('\n')}\n`;
}

/** An inspection as one JSON document. */
export function inspectionJson(file: string, inspection: Inspection): string {
  const { kind, shown, malformed } = inspection;
  return `${JSON.stringify({ file, kind, ...shown, malformed })}\n`;
}

function rowsOf(group: { readonly [label: string]: Shown | undefined }, indent: string): string[] {
  const labels = Object.keys(group).filter((label) => group[label] !== undefined);
  const width = Math.max(0, ...labels.map((label) => label.length)) + 2;
  return labels.flatMap((label) => {
    const value = group[label];
    const line = lineOf(value);
    if (line !== undefined) return [`${indent}${label.padEnd(width)}${line}`];
    return [`${indent}${label}`, ...nestedRows(value, `${indent}  `)];
  });
}

/** A value that fits on the line of its label. */
function lineOf(value: Shown | undefined): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map(lineOf);
    return parts.every((part) => part !== undefined) ? parts.join(', ') : undefined;
  }
  return typeof value === 'object' ? undefined : printable(String(value));
}

function nestedRows(value: Shown | undefined, indent: string): string[] {
  if (isList(value)) {
    return value.flatMap((item, index) => [
      ...(index === 0 ? [] : ['']),
      ...nestedRows(item, indent),
    ]);
  }
  return typeof value === 'object' ? rowsOf(value, indent) : [`${indent}${lineOf(value)}`];
}

function isList(value: Shown | undefined): value is readonly Shown[] {
  return Array.isArray(value);
}
