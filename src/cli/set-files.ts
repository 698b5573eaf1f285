// Files of reference sets: their format by the extension, read as the service reads them.
// docs/policy.md, "Reference sets"

import path from 'node:path';
import type { IndexedReferenceSet } from '../policy/reference-set.ts';
import {
  type ReferenceFormat,
  type ReferenceReading,
  ReferenceSetReader,
} from '../policy/reference-set-text.ts';
import { UsageError } from './exit.ts';
import { readWindows } from './files.ts';
import { printable } from './terminal.ts';

/** Reads a set. Fails with a `UsageError` that names every bad line. */
export async function readSetFile(
  file: string,
  paths: ReferenceReading['paths'] = 'free',
): Promise<IndexedReferenceSet> {
  const reader = new ReferenceSetReader({ format: formatOfSet(file), paths });
  for await (const window of readWindows(file)) reader.push(window);
  const result = reader.end();
  if (result.ok) return result.set;
  const lines = result.problems.map(({ line, message }) => `  line ${line}: ${printable(message)}`);
  throw new UsageError(
    `${printable(file)}: not a reference set:\n${lines.join('\n')}`,
    'One bad line refuses the whole set.',
  );
}

/** The format that a file's extension means; a final `.gz` does not count. */
export function formatOfSet(file: string): ReferenceFormat {
  const extension = path.extname(file.replace(/\.gz$/, ''));
  const format = FORMATS.get(extension);
  if (format !== undefined) return format;
  throw new UsageError(
    `${printable(file)}: no form of reference set has the extension "${printable(extension)}".`,
    'Sets are lines of sha256sum (.sha256sum, .txt), JSON lines (.ndjson) or CSV (.csv).',
  );
}

const FORMATS: ReadonlyMap<string, ReferenceFormat> = new Map([
  ['.sha256sum', 'digest-lines'],
  ['.txt', 'digest-lines'],
  ['.ndjson', 'ndjson'],
  ['.csv', 'csv'],
]);
