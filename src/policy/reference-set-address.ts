// The content address of a reference set: what it holds and its terms, whatever the form and order
// of its text. docs/policy.md, "Reference sets"

import { asciiBytes, toHex, viewBytes } from '../bytes/encoding.ts';
import { RunningSha256 } from '../crypto/running-digest.ts';
import type { SetTerms } from './reference-set-terms.ts';
import type { SortedRecords } from './sorted-records.ts';
import type { Steps } from './steps.ts';

/** `sha256:` and hex over a short text: a line for each non-empty table, by algorithm, with kind,
 *  count and the SHA-256 of its sorted records; then a line for each term that there is. */
export function* addressOf(
  tables: ReadonlyMap<string, Readonly<Record<'free' | 'bound', SortedRecords>>>,
  terms: SetTerms,
): Steps<string> {
  const lines = ['plumbline-reference-set/1'];
  for (const [algorithm, table] of [...tables].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const kind of ['free', 'bound'] as const) {
      const { bytes, count } = table[kind];
      if (count > 0) lines.push(`${algorithm} ${kind} ${count} ${yield* hexOf(bytes)}`);
    }
  }
  const { validity, basis } = terms;
  if (validity.validFromMs !== undefined) lines.push(`valid-from ${validity.validFromMs}`);
  if (validity.retireAtMs !== undefined) lines.push(`retire-at ${validity.retireAtMs}`);
  if (basis !== undefined) lines.push(`basis ${basis}`);
  return `sha256:${yield* hexOf(asciiBytes(`${lines.join('\n')}\n`))}`;
}

function* hexOf(bytes: Uint8Array): Steps<string> {
  const hash = new RunningSha256();
  for (let start = 0; start < bytes.byteLength; start += STEP_BYTES) {
    hash.update(viewBytes(bytes, start, Math.min(start + STEP_BYTES, bytes.byteLength)));
    yield;
  }
  return toHex(hash.digest());
}

/** Some milliseconds of hashing. */
const STEP_BYTES = 8_388_608;
