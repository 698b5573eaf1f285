// Compares the PCR selection that a quote attests with the one that is asked for.
// TPM 2.0 Part 2, 10.9.7 TPML_PCR_SELECTION; CVE-2022-0317 and CVE-2024-29039; FORMATS 17.

import type { HashName } from '../crypto/digest.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import type { PcrSelection } from '../pcr/selection.ts';
import type { TpmsAttest } from './attest.ts';
import { tpmNumber } from './constants.ts';

/** A bank and the PCRs of it that a quote has to cover. */
export interface ExpectedBank {
  readonly bank: HashName;
  readonly pcrs: readonly number[];
}

/** Whether no register at all is selected. */
export function isEmptySelection(selection: readonly PcrSelection[]): boolean {
  return selection.every((entry) => entry.pcrs.length === 0);
}

/** Every way in which the attested selection is not exactly `expected`; with `any`, only that it
 *  is empty or names a register twice. One finding a bank. */
export function judgeSelection(
  attest: TpmsAttest,
  expected: 'any' | readonly ExpectedBank[],
): Finding[] {
  const { pcrSelect } = attest;
  if (isEmptySelection(pcrSelect)) return [emptySelection(attest, expected)];
  const repeated = pcrSelect.filter((entry, index) => repeats(entry, pcrSelect, index));
  const findings = repeated.map((entry) =>
    difference('quote.selection_unexpected', attest, {
      bank: nameOf(entry),
      expected: 'each register once',
      actual: showBank(nameOf(entry), entry.pcrs),
    }),
  );
  return expected === 'any' ? findings : [...findings, ...differences(attest, expected)];
}

function differences(attest: TpmsAttest, expected: readonly ExpectedBank[]): Finding[] {
  const wanted = merged(expected.map(({ bank, pcrs }) => ({ name: bank, pcrs })));
  const quoted = merged(attest.pcrSelect.map((entry) => ({ name: nameOf(entry), ...entry })));
  const findings: Finding[] = [];
  for (const bank of new Set([...wanted.keys(), ...quoted.keys()])) {
    const want = wanted.get(bank) ?? [];
    const have = quoted.get(bank) ?? [];
    const seen = { bank, expected: showBank(bank, want), actual: showBank(bank, have) };
    if (want.some((pcr) => !have.includes(pcr))) {
      findings.push(difference('quote.selection_incomplete', attest, seen));
    }
    if (have.some((pcr) => !want.includes(pcr))) {
      findings.push(difference('quote.selection_unexpected', attest, seen));
    }
  }
  return findings;
}

function emptySelection(attest: TpmsAttest, expected: 'any' | readonly ExpectedBank[]): Finding {
  return makeFinding('quote.selection_empty', {
    severity: 'contraindicated',
    where: { part: 'quote', offsetBytes: attest.offsets.pcrSelectBytes, field: FIELD },
    expected:
      expected === 'any'
        ? 'at least one PCR'
        : expected.map(({ bank, pcrs }) => showBank(bank, pcrs)).join('+'),
    actual: 'no PCR',
  });
}

function difference(
  code: 'quote.selection_incomplete' | 'quote.selection_unexpected',
  attest: TpmsAttest,
  seen: { readonly bank: string; readonly expected: string; readonly actual: string },
): Finding {
  const { bank, expected, actual } = seen;
  return makeFinding(code, {
    severity: 'contraindicated',
    where: { part: 'quote', offsetBytes: attest.offsets.pcrSelectBytes, field: FIELD, bank },
    expected,
    actual,
  });
}

/** Whether an earlier entry of the same bank selects one of the same registers. */
function repeats(entry: PcrSelection, all: readonly PcrSelection[], index: number): boolean {
  return all.some(
    (other, at) =>
      at < index &&
      other.tpmAlg === entry.tpmAlg &&
      other.pcrs.some((pcr) => entry.pcrs.includes(pcr)),
  );
}

/** PCRs by bank, ascending; several entries of a bank are one. */
function merged(
  entries: readonly { readonly name: string; readonly pcrs: readonly number[] }[],
): Map<string, number[]> {
  const banks = new Map<string, number[]>();
  for (const { name, pcrs } of entries) {
    const all = new Set([...(banks.get(name) ?? []), ...pcrs]);
    banks.set(
      name,
      [...all].sort((a, b) => a - b),
    );
  }
  return banks;
}

function nameOf(entry: PcrSelection): string {
  return entry.bank ?? tpmNumber(entry.tpmAlg);
}

/** `sha256:0,1,10`, or `sha256:none`. */
function showBank(bank: string, pcrs: readonly number[]): string {
  return `${bank}:${pcrs.length === 0 ? 'none' : pcrs.join(',')}`;
}

const FIELD = 'attested.quote.pcrSelect';
