// Quotes, signatures and public areas, field by field as their bytes say.
// TPM 2.0 Part 2, 10.12.12 TPMS_ATTEST, 11.3.4 TPMT_SIGNATURE, 12.2.4 TPMT_PUBLIC.

import { toHex } from '../bytes/encoding.ts';
import type { Malformed } from '../bytes/reader.ts';
import { hashByTpmAlg } from '../crypto/digest.ts';
import type { PublicKey } from '../crypto/public-key.ts';
import { readAttest, type TpmsAttest } from '../quote/attest.ts';
import { TPM_ALG, TPM_GENERATED_VALUE, TPMA_OBJECT } from '../quote/constants.ts';
import { readTpm2bPublic, readTpmtPublic, type TpmtPublic } from '../quote/public-area.ts';
import { type QuoteSignature, readTpmtSignature } from '../quote/tpmt-signature.ts';
import type { Inspection, Kind, Shown } from './inspection.ts';

/** Shows a TPMS_ATTEST. */
export function inspectQuote(bytes: Uint8Array): Inspection {
  const reading = readAttest(bytes);
  return reading.ok
    ? { kind: 'quote', shown: attestRows(reading.value) }
    : broken('quote', reading.malformed);
}

/** Shows a TPMT_SIGNATURE. */
export function inspectSignature(bytes: Uint8Array): Inspection {
  const reading = readTpmtSignature(bytes);
  return reading.ok
    ? { kind: 'signature', shown: signatureRows(reading.value) }
    : broken('signature', reading.malformed);
}

/** Shows a TPMT_PUBLIC or a TPM2B_PUBLIC. */
export function inspectPublicArea(
  kind: 'tpmt-public' | 'tpm2b-public',
  bytes: Uint8Array,
): Inspection {
  const reading = kind === 'tpmt-public' ? readTpmtPublic(bytes) : readTpm2bPublic(bytes);
  return reading.ok
    ? { kind, shown: publicAreaRows(reading.value) }
    : broken(kind, reading.malformed);
}

/** The rows of a public key outside a TPM structure. */
export function publicKeyRows(key: PublicKey): { readonly [label: string]: Shown } {
  if (key.kind === 'ecc') return { key: key.curve, x: toHex(key.x), y: toHex(key.y) };
  return { key: `rsa ${key.bits}`, modulus: toHex(key.modulus), exponent: key.exponent };
}

function broken(kind: Kind, malformed: Malformed): Inspection {
  return { kind, shown: {}, malformed };
}

function attestRows(attest: TpmsAttest): Inspection['shown'] {
  const genuine = attest.magic === TPM_GENERATED_VALUE;
  return {
    magic: `${hexNumber(attest.magic, 8)}${genuine ? '' : ' (not TPM_GENERATED)'}`,
    type: hexNumber(attest.type, 4),
    qualifiedSigner: toHex(attest.qualifiedSigner),
    extraData: toHex(attest.extraData),
    clockMs: String(attest.clock),
    resetCount: attest.resetCount,
    restartCount: attest.restartCount,
    safe: attest.safe,
    firmwareVersion: attest.firmwareVersion.toString(16).padStart(16, '0'),
    pcrSelect: attest.pcrSelect.map(
      ({ bank, tpmAlg, pcrs }) => `${bank ?? hexNumber(tpmAlg, 4)}: ${pcrs.join(' ')}`,
    ),
    pcrDigest: toHex(attest.pcrDigest),
  };
}

function signatureRows(read: QuoteSignature): Inspection['shown'] {
  if (read.state === 'scheme-unsupported') {
    return { sigAlg: algName(read.sigAlg), note: 'a scheme that is not verified here' };
  }
  if (read.state === 'hash-unknown') return { hash: hexNumber(read.hashAlg, 4), note: 'unknown' };
  const { signature } = read;
  if (signature.scheme === 'ecdsa') {
    const { scheme, hash, r, s } = signature;
    return { scheme, hash, r: toHex(r), s: toHex(s) };
  }
  return { scheme: signature.scheme, hash: signature.hash, value: toHex(signature.value) };
}

function publicAreaRows(area: TpmtPublic): Inspection['shown'] {
  const { detail } = area;
  const attributes = Object.entries(TPMA_OBJECT)
    .filter(([, bit]) => (area.objectAttributes & bit) !== 0)
    .map(([name]) => name);
  return {
    type: algName(area.type),
    nameAlg: hashByTpmAlg(area.nameAlg)?.name ?? hexNumber(area.nameAlg, 4),
    objectAttributes: `${hexNumber(area.objectAttributes, 8)} ${attributes.join(' ')}`,
    authPolicy: toHex(area.authPolicy),
    name: area.name === undefined ? undefined : toHex(area.name),
    ...(detail.state === 'readable' && {
      scheme: schemeWords(detail.scheme.scheme, detail.scheme.hashAlg),
      ...publicKeyRows(detail.key),
    }),
    ...(detail.state === 'curve-unsupported' && { curve: hexNumber(detail.curve, 4) }),
  };
}

function schemeWords(scheme: number, hashAlg: number | undefined): string {
  if (hashAlg === undefined) return algName(scheme);
  return `${algName(scheme)} ${hashByTpmAlg(hashAlg)?.name ?? hexNumber(hashAlg, 4)}`;
}

function algName(tpmAlg: number): string {
  const name = Object.entries(TPM_ALG).find(([, number]) => number === tpmAlg)?.[0];
  return name?.toLowerCase() ?? hexNumber(tpmAlg, 4);
}

function hexNumber(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
