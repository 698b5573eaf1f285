// An attestation key as the check of a quote needs it, wherever it came from.
// TPM 2.0 Part 2, 12.2.4 TPMT_PUBLIC; FORMATS 14.2 and 14.3.

import { type HashName, hashByTpmAlg } from '../crypto/digest.ts';
import { prepareKey, type VerifyingKey } from '../crypto/signature.ts';
import { TPM_ALG, tpmNumber } from './constants.ts';
import type { KeyScheme, TpmtPublic } from './public-area.ts';
import type { SignatureScheme } from './signature.ts';
import { signatureSchemeOf } from './tpmt-signature.ts';

export interface AttestationKey {
  readonly key: VerifyingKey;
  /** What the key signs with. Absent: it does not say, so any acceptable scheme of its kind. */
  readonly scheme?: AkScheme;
  /** The TPM's Name of the key; absent when the key came without its public area. */
  readonly name?: Uint8Array;
  /** TPMA_OBJECT; absent as `name`. */
  readonly attributes?: number;
}

export interface AkScheme {
  readonly scheme: SignatureScheme;
  readonly hash: HashName;
}

/** What became of a public area: a key, or why it is none that can be used here. */
export type AkOutcome =
  | { readonly state: 'key'; readonly ak: AttestationKey }
  /** Type, curve or scheme is one that this verifier does not check; `actual` names it. */
  | { readonly state: 'unsupported'; readonly field: string; readonly actual: string }
  /** The numbers are not those of a key: a point off its curve, an even modulus. */
  | { readonly state: 'invalid' };

/** The attestation key that a public area describes. Its attributes are judged elsewhere. */
export function attestationKeyOf(area: TpmtPublic): AkOutcome {
  const { detail, objectAttributes, name } = area;
  if (detail.state === 'type-unsupported') return unsupported('type', area.type);
  if (detail.state === 'curve-unsupported') {
    return unsupported('parameters.curveID', detail.curve);
  }
  const scheme = akScheme(detail.scheme, detail.key.kind);
  if (scheme === 'unsupported') {
    return unsupported('parameters.scheme', detail.scheme.scheme);
  }
  const key = prepareKey(detail.key);
  if (key === undefined) return { state: 'invalid' };
  const ak: AttestationKey = {
    key,
    attributes: objectAttributes,
    ...(scheme === 'any' ? {} : { scheme }),
    ...(name === undefined ? {} : { name }),
  };
  return { state: 'key', ak };
}

/** Whether a key of `kind` can make signatures of `scheme`. */
export function schemeFits(scheme: SignatureScheme, kind: 'rsa' | 'ecc'): boolean {
  return (scheme === 'ecdsa') === (kind === 'ecc');
}

function akScheme(scheme: KeyScheme, kind: 'rsa' | 'ecc'): AkScheme | 'any' | 'unsupported' {
  if (scheme.scheme === TPM_ALG.NULL) return 'any';
  const name = signatureSchemeOf(scheme.scheme);
  const hash = hashByTpmAlg(scheme.hashAlg ?? TPM_ALG.NULL)?.name;
  if (name === undefined || hash === undefined || !schemeFits(name, kind)) return 'unsupported';
  return { scheme: name, hash };
}

function unsupported(field: string, number: number): AkOutcome {
  return { state: 'unsupported', field, actual: tpmNumber(number) };
}
