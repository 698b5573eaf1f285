// TPM2_MakeCredential without a TPM: a secret that only the TPM with this EK gives back, and only
// while it holds the key with this Name. TPM 2.0 Part 1, 24; Part 3, 12.6; FORMATS 14.4.

import { asciiBytes, concatBytes, u16Bytes, u32Bytes, viewBytes } from '../bytes/encoding.ts';
import { TPM_LIMITS } from '../bytes/limits.ts';
import { hashByName } from '../crypto/digest.ts';
import { encryptCfb, encryptOaep, ephemeralBytes, shareEphemeral } from '../crypto/encrypt.ts';
import { hmac, kdfa, kdfe } from '../crypto/key-derivation.ts';
import type { EndorsementKey } from './ek.ts';

/** What a credential is made of. */
export interface CredentialRequest {
  readonly ek: EndorsementKey;
  /** Name of the key that the TPM must hold: the AK. */
  readonly akName: Uint8Array;
  /** The secret: random, 16 bytes up to the size of a digest of the EK's nameAlg. */
  readonly credential: Uint8Array;
  /** `CREDENTIAL_ENTROPY_BYTES` random bytes, used for nothing else. */
  readonly entropy: Uint8Array;
}

/** What the attester gives to TPM2_ActivateCredential. */
export interface MadeCredential {
  /** TPM2B_ID_OBJECT. */
  readonly idObject: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET. */
  readonly encryptedSecret: Uint8Array;
}

/** Enough for a seed and an OAEP seed of SHA-512, or an ephemeral key on P-384. */
export const CREDENTIAL_ENTROPY_BYTES = 128;

/** Makes a credential. Undefined when the EK's numbers are no key, which `readEk` excludes. A
 *  request that breaks its own description is a fault. */
export function makeCredential(request: CredentialRequest): MadeCredential | undefined {
  const { ek, akName, credential, entropy } = request;
  const sizeBytes = digestBytes(ek);
  if (entropy.byteLength !== CREDENTIAL_ENTROPY_BYTES) throw new RangeError('entropy');
  if (credential.byteLength < MIN_CREDENTIAL_BYTES || credential.byteLength > sizeBytes) {
    throw new RangeError('credential');
  }
  if (akName.byteLength === 0 || akName.byteLength > TPM_LIMITS.nameBytes) {
    throw new RangeError('akName');
  }
  const shared = ek.key.kind === 'rsa' ? rsaSeed(ek, entropy) : eccSeed(ek, entropy);
  if (shared === undefined) return undefined;
  const idObject = protect(ek, shared.seed, { akName, credential });
  return { idObject, encryptedSecret: sized(shared.secret) };
}

/** The file that `tpm2_activatecredential -i` reads: magic, version 1, both structures. */
export function credentialFile({ idObject, encryptedSecret }: MadeCredential): Uint8Array {
  return concatBytes(u32Bytes(FILE_MAGIC, 'big'), u32Bytes(1, 'big'), idObject, encryptedSecret);
}

/** The outer HMAC and the encrypted credential, as a TPM2B_ID_OBJECT. Exported for the vectors of
 *  the formats: everything behind the seed is determined. */
export function protect(
  ek: Pick<EndorsementKey, 'hash' | 'symmetricBits'>,
  seed: Uint8Array,
  what: { readonly akName: Uint8Array; readonly credential: Uint8Array },
): Uint8Array {
  const { hash, symmetricBits } = ek;
  const { akName, credential } = what;
  const none = new Uint8Array();
  const storage = { label: 'STORAGE', u: akName, v: none, bits: symmetricBits };
  const encIdentity = encryptCfb(kdfa(hash, seed, storage), sized(credential));
  const integrity = { label: 'INTEGRITY', u: none, v: none, bits: digestBytes(ek) * 8 };
  const outer = hmac(hash, kdfa(hash, seed, integrity), concatBytes(encIdentity, akName));
  return sized(concatBytes(sized(outer), encIdentity));
}

interface SharedSeed {
  readonly seed: Uint8Array;
  /** TPMU_ENCRYPTED_SECRET: how the TPM comes to the same seed. */
  readonly secret: Uint8Array;
}

function rsaSeed(ek: EndorsementKey, entropy: Uint8Array): SharedSeed | undefined {
  if (ek.key.kind !== 'rsa') return undefined;
  const sizeBytes = digestBytes(ek);
  const seed = viewBytes(entropy, 0, sizeBytes);
  const secret = encryptOaep(ek.key, seed, {
    hash: ek.hash,
    label: asciiBytes(`${IDENTITY}\0`),
    seed: viewBytes(entropy, sizeBytes, 2 * sizeBytes),
  });
  return secret && { seed, secret };
}

function eccSeed(ek: EndorsementKey, entropy: Uint8Array): SharedSeed | undefined {
  if (ek.key.kind !== 'ecc') return undefined;
  const shared = shareEphemeral(ek.key, viewBytes(entropy, 0, ephemeralBytes(ek.key)));
  if (shared === undefined) return undefined;
  const { ephemeral, z } = shared;
  const context = { label: IDENTITY, u: ephemeral.x, v: ek.key.x, bits: digestBytes(ek) * 8 };
  const secret = concatBytes(sized(ephemeral.x), sized(ephemeral.y));
  return { seed: kdfe(ek.hash, z, context), secret };
}

function digestBytes({ hash }: Pick<EndorsementKey, 'hash'>): number {
  return hashByName(hash)?.sizeBytes ?? 0;
}

/** A TPM2B. */
function sized(bytes: Uint8Array): Uint8Array {
  return concatBytes(u16Bytes(bytes.byteLength, 'big'), bytes);
}

const IDENTITY = 'IDENTITY';
/** tpm2-tools, lib/files.c. */
const FILE_MAGIC = 0xbadcc0de;
const MIN_CREDENTIAL_BYTES = 16;
