// boot_aggregate: the digest over PCR 0–9 with which a kernel opens its list.
// kernel security/integrity/ima/ima_crypto.c: ima_calc_boot_aggregate; FORMATS 5, 6.

import { asciiBytes, concatBytes, equalBytes } from '../bytes/encoding.ts';
import { digest, type HashName, hashByName } from '../crypto/digest.ts';
import { type PcrValues, pcrValue } from '../pcr/selection.ts';

/** Name of the first record of a kernel that starts IMA in time. */
const BOOT_AGGREGATE = asciiBytes('boot_aggregate');
/** Name of the first record of a kernel built with CONFIG_IMA_INIT_LATE_SYNC (Linux 7.3). */
const BOOT_AGGREGATE_LATE = asciiBytes('boot_aggregate_late');

/** Which of the two names this is, or undefined. */
export function aggregateName(
  name: Uint8Array,
): 'boot_aggregate' | 'boot_aggregate_late' | undefined {
  if (equalBytes(name, BOOT_AGGREGATE)) return 'boot_aggregate';
  return equalBytes(name, BOOT_AGGREGATE_LATE) ? 'boot_aggregate_late' : undefined;
}

/** Which PCRs an aggregate covers: SHA-1 ones always 0–7, others 0–9 on any kernel of today. */
export type AggregateCoverage = '0-7' | '0-9';

/** The aggregate over authenticated PCR values; undefined when one of them is missing. */
function computeAggregate(
  bank: HashName,
  pcrs: PcrValues,
  coverage: AggregateCoverage,
): Uint8Array | undefined {
  const values: Uint8Array[] = [];
  for (let pcr = 0; pcr <= (coverage === '0-7' ? 7 : 9); pcr += 1) {
    const value = pcrValue(pcrs, bank, pcr);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return digest(bank, concatBytes(...values));
}

/** What comparing a recorded aggregate with PCR values gave. */
export type AggregateComparison =
  | { readonly outcome: 'equal'; readonly coverage: AggregateCoverage }
  | { readonly outcome: 'different'; readonly expected: Uint8Array }
  | { readonly outcome: 'not-comparable' };

/** Compares the aggregate that a record holds with PCR 0–9 of the bank that the record names, in
 *  every variant that kernels have written for that bank. */
export function compareAggregate(
  recorded: { readonly algorithm: string; readonly bytes: Uint8Array },
  pcrs: PcrValues,
): AggregateComparison {
  const bank = hashByName(recorded.algorithm)?.name;
  if (bank === undefined) return { outcome: 'not-comparable' };
  const coverages: readonly AggregateCoverage[] = bank === 'sha1' ? ['0-7'] : ['0-9', '0-7'];
  let expected: Uint8Array | undefined;
  for (const coverage of coverages) {
    const computed = computeAggregate(bank, pcrs, coverage);
    if (computed === undefined) continue;
    if (equalBytes(computed, recorded.bytes)) return { outcome: 'equal', coverage };
    expected ??= computed;
  }
  return expected === undefined
    ? { outcome: 'not-comparable' }
    : { outcome: 'different', expected };
}
