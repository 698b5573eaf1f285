// The independent checks of a quote: structure, signature, nonce and clock. Each says all it finds.
// TPM 2.0 Part 2, 10.12.12 TPMS_ATTEST and 11.3.4 TPMT_SIGNATURE; FORMATS 14.1 and 14.2.

import { equalBytes, toHex } from '../bytes/encoding.ts';
import { malformedFinding } from '../bytes/malformed-finding.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import type { Signature } from '../crypto/signature.ts';
import type { FindingCode } from '../findings/codes.ts';
import {
  type Finding,
  type FindingDetail,
  makeFinding,
  type Severity,
} from '../findings/finding.ts';
import { readAttest, readAttestHead, type TpmsAttest } from './attest.ts';
import { type AttestationKey, schemeFits } from './attestation-key.ts';
import { TPM_GENERATED_VALUE, TPM_ST, tpmNumber } from './constants.ts';
import { readSignature, type SignatureClaim } from './signature.ts';

/** Magic and type are judged before the rest is read: bytes of another kind are not called
 *  unreadable. `attest` is present whenever the layout is a quote's. */
export function judgeStructure(bytes: Uint8Array): {
  readonly findings: Finding[];
  readonly attest?: TpmsAttest;
} {
  const head = readAttestHead(bytes);
  if (!head.ok) {
    return { findings: [malformedFinding('quote.field_malformed', 'quote', head.malformed)] };
  }
  const { magic, type } = head.value;
  const findings: Finding[] = [];
  if (magic !== TPM_GENERATED_VALUE) {
    findings.push(
      refusal('quote.magic_wrong', {
        where: { part: 'quote', offsetBytes: 0, field: 'magic' },
        expected: showMagic(TPM_GENERATED_VALUE),
        actual: showMagic(magic),
      }),
    );
  }
  if (type !== TPM_ST.ATTEST_QUOTE) {
    findings.push(
      refusal('quote.type_not_quote', {
        where: { part: 'quote', offsetBytes: 4, field: 'type' },
        expected: tpmNumber(TPM_ST.ATTEST_QUOTE),
        actual: tpmNumber(type),
      }),
    );
    return { findings };
  }
  const reading = readAttest(bytes);
  if (reading.ok) return { findings, attest: reading.value };
  const isLong = reading.malformed.kind === 'left-over';
  const code = isLong ? 'quote.trailing_bytes' : 'quote.field_malformed';
  if (findings.length === 0) findings.push(malformedFinding(code, 'quote', reading.malformed));
  return { findings };
}

/** Checks scheme, hash and signature over the bytes of the attestation, whatever they are. `hash`
 *  is present when the signature verifies and nothing is wrong with it. Without a key, only its
 *  form is judged. */
export function judgeSignature(
  evidence: {
    readonly attest: Uint8Array;
    readonly signature: SignatureClaim;
    readonly ak: AttestationKey | undefined;
  },
  hashes: ReadonlySet<HashName>,
): { readonly findings: readonly Finding[]; readonly hash?: HashName } {
  const reading = readSignature(evidence.signature);
  if (!reading.ok) {
    return {
      findings: [malformedFinding('quote.signature_malformed', 'quote', reading.malformed)],
    };
  }
  const read = reading.value;
  if (read.state === 'scheme-unsupported') {
    const seen = { expected: 'RSASSA, RSAPSS or ECDSA', actual: tpmNumber(read.sigAlg) };
    return { findings: [signatureRefusal('quote.scheme_unsupported', 'sigAlg', seen)] };
  }
  if (read.state === 'hash-unknown') {
    return { findings: [hashRefusal(hashes, tpmNumber(read.hashAlg))] };
  }
  const { signature } = read;
  const { hash } = signature;
  const findings = isAcceptable(hash, hashes) ? [] : [hashRefusal(hashes, hash)];
  if (evidence.ak === undefined) return { findings };
  findings.push(...judgeByKey(signature, evidence.attest, evidence.ak));
  return findings.length > 0 ? { findings } : { findings, hash };
}

/** A scheme of another kind of key cannot verify at all, so that alone is said about it. */
function judgeByKey(signature: Signature, attest: Uint8Array, ak: AttestationKey): Finding[] {
  const findings: Finding[] = [];
  const { kind } = ak.key.publicKey;
  const fits = schemeFits(signature.scheme, kind);
  const { scheme = signature.scheme, hash = signature.hash } = ak.scheme ?? {};
  if (!fits || scheme !== signature.scheme || hash !== signature.hash) {
    findings.push(
      signatureRefusal('quote.scheme_mismatch', 'sigAlg', {
        expected: ak.scheme === undefined ? `a scheme of an ${kind} key` : `${scheme} ${hash}`,
        actual: `${signature.scheme} ${signature.hash}`,
      }),
    );
  }
  if (fits && !ak.key.verifies(signature, attest)) {
    findings.push(
      signatureRefusal('quote.signature_invalid', undefined, {
        expected: `a ${signature.scheme} signature with ${signature.hash} by the AK`,
        actual: 'one that does not verify',
      }),
    );
  }
  return findings;
}

/** Compares extraData with the nonce in full. A short nonce is reported whether it fits or not. */
export function judgeNonce(
  attest: TpmsAttest,
  nonce: Uint8Array,
  weakNonce: Severity | undefined,
): Finding[] {
  const where = {
    part: 'quote',
    offsetBytes: attest.offsets.extraDataBytes,
    field: 'extraData',
  } as const;
  const findings: Finding[] = [];
  if (!equalBytes(attest.extraData, nonce)) {
    const expected = shown(nonce);
    findings.push(
      refusal('quote.nonce_mismatch', { where, expected, actual: shown(attest.extraData) }),
    );
  }
  if (nonce.byteLength < NONCE_BYTES && weakNonce !== undefined) {
    findings.push(
      makeFinding('quote.nonce_weak', {
        severity: weakNonce,
        where,
        expected: `at least ${NONCE_BYTES} bytes`,
        actual: `${nonce.byteLength} bytes`,
      }),
    );
  }
  return findings;
}

/** Says that the clock is not safe, if that is worth a finding. */
export function judgeClock(attest: TpmsAttest, unsafeClock: Severity | undefined): Finding[] {
  if (attest.safe || unsafeClock === undefined) return [];
  const where = { part: 'quote', field: 'clockInfo.safe' } as const;
  return [makeFinding('quote.clock_unsafe', { severity: unsafeClock, where })];
}

/** SHA-1 can be collided; a hash that we cannot compute leaves pcrDigest unproven. */
function isAcceptable(hash: HashName, hashes: ReadonlySet<HashName>): boolean {
  return hash !== 'sha1' && hashes.has(hash) && hashByName(hash)?.digest !== undefined;
}

function hashRefusal(hashes: ReadonlySet<HashName>, actual: string): Finding {
  const expected = [...hashes].filter((hash) => isAcceptable(hash, hashes)).join(', ');
  return signatureRefusal('quote.hash_refused', 'hash', { expected, actual });
}

function signatureRefusal(
  code: FindingCode,
  field: string | undefined,
  seen: { readonly expected: string; readonly actual: string },
): Finding {
  const path = field === undefined ? 'signature' : `signature.${field}`;
  return refusal(code, { where: { part: 'quote', field: path }, ...seen });
}

function refusal(code: FindingCode, detail: Omit<FindingDetail, 'severity'>): Finding {
  return makeFinding(code, { severity: 'contraindicated', ...detail });
}

function showMagic(magic: number): string {
  return magic.toString(16).padStart(8, '0');
}

function shown(bytes: Uint8Array): string {
  return bytes.byteLength === 0 ? 'empty' : toHex(bytes);
}

/** 128 bits: nobody meets the same nonce twice. */
const NONCE_BYTES = 16;
