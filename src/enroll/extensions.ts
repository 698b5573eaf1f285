// The extensions of a certificate that decide whether it may stand where it stands in a path.
// RFC 5280 4.2; TCG EK Credential Profile for TPM 2.0, 3.2.

import { BER_TAG, type BerReader, contextTag } from '../bytes/ber.ts';
import { escapeText } from '../bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../bytes/limits.ts';

/** What the extensions say. A field is absent when its extension is. */
export interface Extensions {
  readonly basicConstraints?: { readonly isCa: boolean; readonly pathLength?: number };
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** Object identifiers of extKeyUsage. */
  readonly purposes?: readonly string[];
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
  /** Of an EK certificate: which TPM it was made for. */
  readonly tpm?: TpmIdentity;
  /** Object identifiers of extensions that may forbid what this verifier would allow: critical
   *  ones that it does not know, and name or policy constraints whether critical or not. */
  readonly notUnderstood: readonly string[];
}

/** Bits of keyUsage that are asked for somewhere. */
export type KeyUsage =
  | 'digitalSignature'
  | 'keyEncipherment'
  | 'keyAgreement'
  | 'keyCertSign'
  | 'cRLSign';

/** The directory name in an EK certificate's subjectAltName, as escaped text. */
export interface TpmIdentity {
  /** `id:` and the vendor id in hex. */
  readonly manufacturer?: string;
  readonly model?: string;
  readonly version?: string;
}

/** Reads `extensions`, a SEQUENCE OF Extension. Throws the reader's error. */
export function readExtensions(sequence: BerReader): Extensions {
  const read: Draft = { notUnderstood: [] };
  const seen = new Set<string>();
  while (!sequence.isAtEnd) {
    const { content } = sequence.element(BER_TAG.sequence, `[${seen.size}]`);
    const oid = content.oid('extnId');
    if (seen.has(oid) || seen.size >= CERTIFICATE_LIMITS.extensions) {
      content.refuse('extnId', { expected: 'an extension given once', actual: oid });
    }
    seen.add(oid);
    const isCritical = content.startsWith(BER_TAG.boolean) && content.boolean('critical');
    const { content: value } = content.element(BER_TAG.octetString, 'extnValue');
    content.end('extnValue');
    if (!readOne(read, oid, value) && (isCritical || CONSTRAINTS.has(oid))) {
      read.notUnderstood.push(oid);
    }
  }
  return read;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Extensions> & { notUnderstood: string[] };

/** Whether the extension was one that is read, or one that only adds to what is known. */
function readOne(read: Draft, oid: string, value: BerReader): boolean {
  switch (oid) {
    case '2.5.29.19':
      read.basicConstraints = basicConstraints(value);
      return true;
    case '2.5.29.15':
      read.keyUsage = keyUsage(value);
      return true;
    case '2.5.29.37':
      read.purposes = purposes(value);
      return true;
    case '2.5.29.14':
      read.subjectKeyId = value.element(BER_TAG.octetString, 'subjectKeyIdentifier').bytes;
      return true;
    case '2.5.29.35':
      return authorityKeyId(read, value);
    case '2.5.29.17':
      return subjectAltName(read, value);
    default:
      return HARMLESS.has(oid);
  }
}

function basicConstraints(value: BerReader): NonNullable<Extensions['basicConstraints']> {
  const { content } = value.element(BER_TAG.sequence, 'basicConstraints');
  value.end('basicConstraints');
  const isCa = content.startsWith(BER_TAG.boolean) && content.boolean('cA');
  const pathLength = content.isAtEnd ? undefined : content.count('pathLenConstraint');
  content.end('pathLenConstraint');
  return pathLength === undefined ? { isCa } : { isCa, pathLength };
}

/** Bit 0 is the highest bit of the first byte. */
function keyUsage(value: BerReader): ReadonlySet<KeyUsage> {
  const { bytes } = value.element(BER_TAG.bitString, 'keyUsage');
  value.end('keyUsage');
  const bits = bytes[1] ?? 0;
  return new Set(
    KEY_USAGES.filter(([, bit]) => (bits & (0x80 >> bit)) !== 0).map(([name]) => name),
  );
}

function purposes(value: BerReader): readonly string[] {
  const { content } = value.element(BER_TAG.sequence, 'extKeyUsage');
  value.end('extKeyUsage');
  const oids: string[] = [];
  while (!content.isAtEnd) {
    if (oids.length >= CERTIFICATE_LIMITS.names) {
      content.refuse('extKeyUsage', { expected: 'fewer purposes', actual: 'too many' });
    }
    oids.push(content.oid(`extKeyUsage[${oids.length}]`));
  }
  return oids;
}

function authorityKeyId(read: Draft, value: BerReader): boolean {
  const { content } = value.element(BER_TAG.sequence, 'authorityKeyIdentifier');
  const keyId = content.optional(contextTag(0, 'primitive'), 'keyIdentifier');
  if (keyId !== undefined) read.authorityKeyId = keyId.bytes;
  return true;
}

/** Only directory names are looked into: an EK certificate has one, and it is often critical. */
function subjectAltName(read: Draft, value: BerReader): boolean {
  const names = value.element(BER_TAG.sequence, 'subjectAltName').content;
  const tpm: Mutable<TpmIdentity> = {};
  for (let count = 0; !names.isAtEnd && count < CERTIFICATE_LIMITS.names; count += 1) {
    const name = names.any('generalName');
    if (name.tag === contextTag(4, 'constructed')) directoryName(tpm, name.content);
  }
  if (Object.keys(tpm).length > 0) read.tpm = tpm;
  return true;
}

function directoryName(tpm: Mutable<TpmIdentity>, name: BerReader): void {
  const sets = name.element(BER_TAG.sequence, 'directoryName').content;
  for (let count = 0; !sets.isAtEnd && count < CERTIFICATE_LIMITS.names; count += 1) {
    const attributes = sets.element(BER_TAG.set, 'relativeName').content;
    while (!attributes.isAtEnd) {
      const { content } = attributes.element(BER_TAG.sequence, 'attribute');
      const field = TPM_ATTRIBUTES.get(content.oid('type'));
      const text = content.any('value').bytes;
      if (field !== undefined) tpm[field] = escapeText(text, NAME_CHARS);
    }
  }
}

const KEY_USAGES = [
  ['digitalSignature', 0],
  ['keyEncipherment', 2],
  ['keyAgreement', 4],
  ['keyCertSign', 5],
  ['cRLSign', 6],
] as const satisfies readonly (readonly [KeyUsage, number])[];

/** TCG EK Credential Profile: tcg-at-tpmManufacturer, tcg-at-tpmModel, tcg-at-tpmVersion. */
const TPM_ATTRIBUTES: ReadonlyMap<string, keyof TpmIdentity> = new Map([
  ['2.23.133.2.1', 'manufacturer'],
  ['2.23.133.2.2', 'model'],
  ['2.23.133.2.3', 'version'],
] as const);

/** subjectDirectoryAttributes and certificatePolicies: they describe, and no policy is asked for,
 *  so that RFC 5280 6.1 accepts any. */
const HARMLESS: ReadonlySet<string> = new Set(['2.5.29.9', '2.5.29.32']);

/** nameConstraints, policyMappings, policyConstraints, inhibitAnyPolicy. */
const CONSTRAINTS: ReadonlySet<string> = new Set([
  '2.5.29.30',
  '2.5.29.33',
  '2.5.29.36',
  '2.5.29.54',
]);

const NAME_CHARS = 128;
