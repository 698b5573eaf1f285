// Captured evidence as tests use it: a bundle with its segments in memory and its expected facts.
// test/evidence/ABOUT.md

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBundle } from '../../src/cli/bundle.ts';
import { readUpTo } from '../../src/cli/files.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';

export const EVIDENCE_FOLDER = fileURLToPath(new URL('../evidence/', import.meta.url));

/** Evidence and the bytes of its list, segment by segment. */
export interface Capture {
  readonly evidence: Evidence;
  readonly segments: readonly Uint8Array[];
}

/** Far more than any captured file. */
const CAP_BYTES = 64 * 1024 * 1024;

/** Opens the bundle `name` (without `.bundle.json`), relative to the evidence folder or
 *  absolute. */
export async function loadCapture(name: string): Promise<Capture> {
  const opened = await openBundle(path.resolve(EVIDENCE_FOLDER, `${name}.bundle.json`));
  const segments: Uint8Array[] = [];
  for (const { realPath } of opened.segmentFiles) {
    segments.push(await readUpTo(realPath, CAP_BYTES));
  }
  return { evidence: opened.evidence, segments };
}

/** The expected facts beside the bundle `name`. */
export function loadExpected<T>(name: string): T {
  const file = path.resolve(EVIDENCE_FOLDER, `${name}.expected.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}

/** The verdict under the structural policy. */
export function structuralVerdict({ evidence, segments }: Capture): VerdictBody {
  return verifyEvidence(evidence, segments, STRUCTURAL_POLICY);
}

/** Absolute names of all bundles below `folder`, without `.bundle.json`, in order. */
export function bundlesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(BUNDLE))
    .map((file) => path.join(folder, file.slice(0, -BUNDLE.length)))
    .sort();
}

/** The folders to walk: the copies beside the tests and, if PLUMBLINE_EVIDENCE names it, a whole
 *  collection. */
export function evidenceFolders(): string[] {
  const collection = process.env['PLUMBLINE_EVIDENCE'];
  return [EVIDENCE_FOLDER, ...(collection === undefined ? [] : [path.resolve(collection)])];
}

const BUNDLE = '.bundle.json';
