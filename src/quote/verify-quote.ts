// Decides whether a quote is genuine: made by the AK, over the nonce, about some PCRs; and whether
// PCR values are the quoted ones. FORMATS 14.1, 14.2 and 19 step 2.

import { equalBytes } from '../bytes/encoding.ts';
import type { HashName } from '../crypto/digest.ts';
import type { Finding, Severity } from '../findings/finding.ts';
import { compositeDigest, type PcrSlot, slotsOf, valuesOf } from '../pcr/composite.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { TpmsAttest } from './attest.ts';
import type { AttestationKey } from './attestation-key.ts';
import { judgeClock, judgeNonce, judgeSignature, judgeStructure } from './judge-quote.ts';
import { type ExpectedBank, isEmptySelection, judgeSelection } from './judge-selection.ts';
import type { SignatureClaim } from './signature.ts';

/** What a quote has to be. Severities are absent where a fact is not worth a finding. */
export interface QuoteExpectations {
  /** Exactly these registers; `any` takes whatever was quoted, if not empty. */
  readonly selection: 'any' | readonly ExpectedBank[];
  /** Acceptable hashes of the signature. SHA-1 is refused even when it is among them. */
  readonly signatureHashes: ReadonlySet<HashName>;
  /** For a nonce shorter than 16 bytes. */
  readonly weakNonce: Severity | undefined;
  /** For a clock that is not marked safe. */
  readonly unsafeClock: Severity | undefined;
}

export interface QuoteEvidence {
  /** TPMS_ATTEST bytes: what the signature covers. */
  readonly attest: Uint8Array;
  readonly signature: SignatureClaim;
  /** What extraData must equal, byte for byte and in full. */
  readonly nonce: Uint8Array;
  /** Undefined when the AK could not be read: the signature is then not checked. */
  readonly ak: AttestationKey | undefined;
}

export type StepOutcome = 'passed' | 'failed' | 'not-run';

/** The independent checks of a quote. A check has failed when one of its findings is
 *  contraindicated. */
export interface QuoteSteps {
  readonly structure: StepOutcome;
  readonly signature: StepOutcome;
  readonly nonce: StepOutcome;
  readonly selection: StepOutcome;
}

export interface QuoteOutcome {
  readonly findings: readonly Finding[];
  readonly steps: QuoteSteps;
  /** Present when the bytes are a quote, believed or not. */
  readonly attest?: TpmsAttest;
  /** Present when the quote is genuine and fresh. It may still select other PCRs than expected;
   *  the findings then refuse it, and what follows can explain more. */
  readonly quote?: VerifiedQuote;
}

declare const verified: unique symbol;

/** A quote whose magic, type, signature, scheme and nonce are right and whose selection is not
 *  empty. Its fields are the TPM's own words. */
export interface VerifiedQuote {
  readonly attest: TpmsAttest;
  /** Hash of the signature scheme: the one of pcrDigest too. */
  readonly hash: HashName;
  /** The quoted registers in the order in which pcrDigest covers them. */
  readonly slots: readonly PcrSlot[];
  readonly [verified]: true;
}

/** Runs every check that can run and reports all that is wrong. Never throws because of
 *  evidence. */
export function verifyQuote(
  evidence: QuoteEvidence,
  expectations: QuoteExpectations,
): QuoteOutcome {
  const { attest, findings: structure } = judgeStructure(evidence.attest);
  const { hash, findings: signature } = judgeSignature(evidence, expectations.signatureHashes);
  const nonce = attest && judgeNonce(attest, evidence.nonce, expectations.weakNonce);
  const selection = attest && judgeSelection(attest, expectations.selection);
  const steps: QuoteSteps = {
    structure: outcomeOf(structure),
    signature: hash === undefined && signature.length === 0 ? 'not-run' : outcomeOf(signature),
    nonce: outcomeOf(nonce),
    selection: outcomeOf(selection),
  };
  const findings = [...structure, ...signature, ...(nonce ?? []), ...(selection ?? [])];
  if (attest === undefined) return { findings, steps };
  const isFresh = equalBytes(attest.extraData, evidence.nonce);
  const saysSomething = structure.length === 0 && isFresh && !isEmptySelection(attest.pcrSelect);
  if (hash === undefined || !saysSomething) return { findings, steps, attest };
  const slots = slotsOf(attest.pcrSelect);
  const quote = { attest, hash, slots } as VerifiedQuote;
  findings.push(...judgeClock(attest, expectations.unsafeClock));
  return { findings, steps, attest, quote };
}

declare const proven: unique symbol;

/** Values of exactly the quoted registers, which hash to the pcrDigest of a verified quote. */
export type ProvenPcrs = PcrValues & { readonly [proven]: true };

export type PcrProof =
  | { readonly state: 'proven'; readonly pcrs: ProvenPcrs }
  /** `expected` is pcrDigest, `actual` what the values hash to. */
  | { readonly state: 'mismatch'; readonly expected: Uint8Array; readonly actual: Uint8Array }
  /** Quoted registers without a value of their bank's length. */
  | { readonly state: 'missing'; readonly missing: readonly PcrSlot[] };

/** Recomputes pcrDigest from `values`; values of other registers are left out. Cheap enough to be
 *  asked after every record of a list. */
export function provePcrs(quote: VerifiedQuote, values: PcrValues): PcrProof {
  const { found, missing } = valuesOf(quote.slots, values);
  if (missing.length > 0) return { state: 'missing', missing };
  const expected = quote.attest.pcrDigest;
  const actual = compositeDigest(quote.hash, found);
  if (!equalBytes(expected, actual)) return { state: 'mismatch', expected, actual };
  return { state: 'proven', pcrs: provenPcrs(quote.slots, found) };
}

/** Copies, so that nobody who goes on with the values can change what was proven. */
function provenPcrs(slots: readonly PcrSlot[], found: readonly Uint8Array[]): ProvenPcrs {
  const banks = new Map<HashName, Map<number, Uint8Array>>();
  for (const [index, { bank, pcr }] of slots.entries()) {
    const value = found[index];
    if (bank === undefined || value === undefined) continue;
    const pcrs = banks.get(bank) ?? new Map<number, Uint8Array>();
    banks.set(bank, pcrs.set(pcr, new Uint8Array(value)));
  }
  const values: PcrValues = banks;
  return values as ProvenPcrs;
}

function outcomeOf(findings: readonly Finding[] | undefined): StepOutcome {
  if (findings === undefined) return 'not-run';
  return findings.some(({ severity }) => severity === 'contraindicated') ? 'failed' : 'passed';
}
