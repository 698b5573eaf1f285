// The signatures that a record carries, each with the digest that it is said to cover and the keys
// that it hints at. FORMATS 13.

import type { DigestSignature } from '../crypto/digest-signature.ts';
import type { TrustedKey } from '../crypto/trusted-key.ts';
import {
  type AppendedSignature,
  readAppendedSignature,
  signedWithoutTail,
} from '../ima/appended-signature.ts';
import { signedMetadata } from '../ima/evm-signature.ts';
import {
  readFileSignature,
  type SignatureReading,
  type SignedDigest,
  signedContent,
} from '../ima/file-signature.ts';
import type { Measurement, Remark } from './acceptance.ts';

/** Why a rule did not match: a remark whose weight depends on what other rules say. */
export type Reason = Omit<Remark, 'severity' | 'rule'>;

/** A signature that a record carries: ready to be checked, or why it cannot be. */
export type SignatureClaim =
  | {
      readonly field: SignatureField;
      readonly signed: DigestSignature;
      /** Whether the signer named this key. */
      isHinted(key: TrustedKey): boolean;
      /** What the signer named, in words. */
      readonly hint: string;
    }
  | { readonly field: SignatureField; readonly reason: Reason };

export type SignatureField = 'sig' | 'evmsig' | 'modsig';

/** Every signature of a record, by field. */
export function signatureClaims(measurement: Measurement): readonly SignatureClaim[] {
  const { signature, evmSignature, appendedSignature } = measurement.fields;
  return [
    ...(signature === undefined ? [] : [contentClaim(signature, measurement)]),
    ...(evmSignature === undefined ? [] : [metadataClaim(evmSignature, measurement)]),
    ...(appendedSignature === undefined ? [] : [appendedClaim(appendedSignature, measurement)]),
  ];
}

/** The fields of extended attributes that begin like a signature and are none: whoever wrote them
 *  was no signer, so they speak against the file under every rule. */
export function malformedSignatures({ fields }: Measurement): readonly Reason[] {
  const held = [['sig', fields.signature] as const, ['evmsig', fields.evmSignature] as const];
  return held.flatMap(([field, bytes]) => {
    const reading = bytes === undefined ? undefined : readFileSignature(bytes);
    return reading?.state === 'malformed' ? [malformed(field, reading)] : [];
  });
}

function contentClaim(bytes: Uint8Array, measurement: Measurement): SignatureClaim {
  const reading = readFileSignature(bytes);
  if (reading.state !== 'signature') return unreadable('sig', reading);
  const { signature } = reading;
  const { fileDigest } = measurement.fields;
  const covered: SignedDigest =
    fileDigest === undefined
      ? { state: 'untold', expected: 'a digest', actual: 'none' }
      : signedContent(signature, fileDigest);
  return claim('sig', covered, { value: signature.value, ...keyidHint(signature.keyid) });
}

function metadataClaim(bytes: Uint8Array, measurement: Measurement): SignatureClaim {
  const reading = readFileSignature(bytes);
  if (reading.state !== 'signature') return unreadable('evmsig', reading);
  const { signature } = reading;
  const covered: SignedDigest =
    signature.subject === 'metadata'
      ? signedMetadata(signature, measurement)
      : { state: 'untold', expected: 'an EVM portable signature', actual: 'another kind' };
  return claim('evmsig', covered, { value: signature.value, ...keyidHint(signature.keyid) });
}

function appendedClaim(bytes: Uint8Array, measurement: Measurement): SignatureClaim {
  const reading = readAppendedSignature(bytes);
  if (reading.state !== 'signature') return unreadable('modsig', reading);
  const { signature } = reading;
  const covered = signedWithoutTail(signature, measurement.fields.appendedDigest);
  return claim('modsig', covered, { value: signature.value, ...signerHint(signature) });
}

interface Hint {
  isHinted(key: TrustedKey): boolean;
  readonly hint: string;
}

function keyidHint(keyid: number): Hint {
  return {
    isHinted: (key) => key.keyids.includes(keyid),
    hint: `keyid ${keyid.toString(16).padStart(8, '0')}`,
  };
}

function signerHint({ signer }: AppendedSignature): Hint {
  if (signer.by === 'key-identifier') return keyidHint(signer.keyid);
  return {
    isHinted: (key) => key.issuerAndSerial === signer.hex,
    hint: 'issuer and serial number',
  };
}

function claim(
  field: SignatureField,
  covered: SignedDigest,
  rest: Hint & { readonly value: Uint8Array },
): SignatureClaim {
  const { value, isHinted, hint } = rest;
  if (covered.state === 'digest') {
    return { field, signed: { hash: covered.hash, digest: covered.digest, value }, isHinted, hint };
  }
  const { expected, actual } = covered;
  const isOther = covered.state === 'other-content';
  const code = isOther ? 'ima.file_signature_invalid' : 'ima.file_signature_unsupported';
  return { field, reason: { code, field, expected, actual } };
}

type Unreadable = Exclude<SignatureReading<unknown>, { readonly state: 'signature' }>;
type Malformed = Extract<Unreadable, { readonly state: 'malformed' }>;

function unreadable(field: SignatureField, reading: Unreadable): SignatureClaim {
  if (reading.state === 'malformed') return { field, reason: malformed(field, reading) };
  const { actual } = reading;
  return { field, reason: { code: 'ima.file_signature_unsupported', field, actual } };
}

function malformed(field: SignatureField, { malformed }: Malformed): Reason {
  const { expected, actual } = malformed;
  const place = `${field}.${malformed.field}`;
  return { code: 'ima.file_signature_malformed', field: place, expected, actual };
}
