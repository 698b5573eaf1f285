// The first steps of the procedure: is the AK fit for attestation, is the quote genuine, and which
// PCR values does it prove. FORMATS 19, steps 1 and 2.

import { toHex } from '../bytes/encoding.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import { judgeAk, readAk } from '../enroll/ak.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { type AcceptancePolicy, severityOf } from '../policy/acceptance.ts';
import type { TpmsAttest } from '../quote/attest.ts';
import type { AttestationKey } from '../quote/attestation-key.ts';
import {
  type ProvenPcrs,
  provePcrs,
  type VerifiedQuote,
  verifyQuote,
} from '../quote/verify-quote.ts';
import type { CheckSheet } from './check-sheet.ts';
import type { Evidence } from './evidence.ts';

/** What the quote steps leave behind. */
export interface QuoteStep {
  /** As read; believed only where `quote` is. */
  readonly attest: TpmsAttest | undefined;
  readonly quote: VerifiedQuote | undefined;
  /** Values that hash to pcrDigest. */
  readonly proven: ProvenPcrs | undefined;
  /** Values are missing, but the list may complete them. */
  readonly isCompletable: boolean;
}

/** Runs the steps on the AK and the quote. */
export function judgeQuoteStep(
  sheet: CheckSheet,
  evidence: Evidence,
  policy: AcceptancePolicy,
): QuoteStep {
  sheet.require(
    'ak.suitability',
    'quote.structure',
    'quote.signature',
    'quote.nonce',
    'quote.selection',
    'quote.composite',
  );
  const ak = judgeAkStep(sheet, evidence, policy);
  const { attest, quote, findings, steps } = verifyQuote(
    { ...evidence.quote, nonce: evidence.nonce, ak },
    {
      selection: policy.quote.selection,
      signatureHashes: policy.quote.signatureHashes,
      weakNonce: severityOf(policy.quote.weakNonce),
      unsafeClock: severityOf(policy.quote.unsafeClock),
    },
  );
  sheet.findings.addAll(findings);
  for (const [step, outcome] of Object.entries(steps) as [keyof typeof steps, string][]) {
    if (outcome === 'passed' || outcome === 'failed') sheet.set(`quote.${step}`, outcome);
    else if (step === 'signature') sheet.notRun('quote.signature', { blockedBy: 'ak.suitability' });
    else sheet.notRun(`quote.${step}`, { blockedBy: 'quote.structure' });
  }
  if (quote === undefined) {
    const blockedBy = sheet.firstNotPassed(['quote.structure', 'quote.signature', 'quote.nonce']);
    sheet.notRun('quote.composite', { blockedBy: blockedBy ?? 'quote.selection' });
    return { attest, quote: undefined, proven: undefined, isCompletable: false };
  }
  return { attest, quote, ...judgeComposite(sheet, evidence, quote) };
}

function judgeAkStep(
  sheet: CheckSheet,
  evidence: Evidence,
  policy: AcceptancePolicy,
): AttestationKey | undefined {
  const reading = readAk(evidence.ak);
  if (!reading.ok) {
    sheet.ran('ak.suitability', [reading.finding]);
    return undefined;
  }
  const isAsserted = (evidence.akBinding ?? 'asserted') === 'asserted';
  const asserted = isAsserted ? severityOf(policy.attester.asserted) : undefined;
  const { minRsaBits } = policy.quote;
  sheet.ran('ak.suitability', judgeAk(reading.ak, { minRsaBits, asserted }));
  return reading.ak;
}

/** Recomputes pcrDigest from the supplied values. Where values are missing, running values of the
 *  list may stand in for them: that step then decides. */
function judgeComposite(
  sheet: CheckSheet,
  evidence: Evidence,
  quote: VerifiedQuote,
): Pick<QuoteStep, 'proven' | 'isCompletable'> {
  const supplied: PcrValues = evidence.pcrValues ?? new Map();
  const malformed = malformedValues(supplied);
  const proof = provePcrs(quote, supplied);
  const unselected = malformed.length === 0 ? unselectedValues(quote, supplied) : [];
  if (proof.state === 'proven') {
    sheet.ran('quote.composite', [...malformed, ...unselected]);
    return { proven: proof.pcrs, isCompletable: false };
  }
  if (proof.state === 'mismatch') {
    const { expected, actual } = proof;
    const mismatch = makeFinding('quote.composite_mismatch', {
      severity: 'contraindicated',
      where: { part: 'quote', field: 'attested.quote.pcrDigest' },
      expected: toHex(expected),
      actual: toHex(actual),
    });
    sheet.ran('quote.composite', [...malformed, mismatch]);
    return { proven: undefined, isCompletable: false };
  }
  const isCompletable =
    malformed.length === 0 &&
    proof.missing.every(({ bank, pcr }) => bank !== undefined && canBeListed(bank, pcr));
  if (isCompletable) return { proven: undefined, isCompletable };
  const [first] = proof.missing;
  const unproven = makeFinding('quote.composite_unproven', {
    severity: 'none',
    where: { part: 'pcr', ...(first === undefined ? {} : { pcr: first.pcr }) },
    expected: 'a value for every quoted PCR',
    actual: `${proof.missing.length} values missing`,
  });
  sheet.ran('quote.composite', [...malformed, unproven]);
  return { proven: undefined, isCompletable: false };
}

/** IMA can be built or told to extend any of these; firmware PCRs are never in its list alone. */
function canBeListed(bank: HashName, pcr: number): boolean {
  return pcr >= 8 && pcr <= 15 && hashByName(bank)?.digest !== undefined;
}

function malformedValues(supplied: PcrValues): readonly Finding[] {
  return [...supplied].flatMap(([bank, values]) =>
    [...values].flatMap(([pcr, value]) => {
      const sizeBytes = hashByName(bank)?.sizeBytes;
      if (value.byteLength === sizeBytes) return [];
      return [
        makeFinding('pcr.value_malformed', {
          severity: 'contraindicated',
          where: { part: 'pcr', bank, pcr },
          expected: `${sizeBytes} bytes`,
          actual: `${value.byteLength} bytes`,
        }),
      ];
    }),
  );
}

function unselectedValues(quote: VerifiedQuote, supplied: PcrValues): readonly Finding[] {
  const quoted = new Set(
    quote.attest.pcrSelect.flatMap(({ bank, pcrs }) => pcrs.map((pcr) => `${bank}:${pcr}`)),
  );
  const extra = [...supplied].flatMap(([bank, values]) =>
    [...values.keys()]
      .map((pcr) => ({ bank, pcr }))
      .filter((one) => !quoted.has(`${bank}:${one.pcr}`)),
  );
  const [first] = extra;
  if (first === undefined) return [];
  return [
    makeFinding('pcr.value_unselected', {
      severity: 'info',
      where: { part: 'pcr', ...first },
      actual: `${extra.length} values`,
    }),
  ];
}
