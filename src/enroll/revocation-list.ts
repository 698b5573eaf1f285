// Reads a certificate revocation list. RFC 5280, 5.1.

import { BER_TAG, BerReader, contextTag } from '../bytes/ber.ts';
import { equalBytes, toHex } from '../bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';
import type { SignedBytes } from '../crypto/certificate-signature.ts';
import { serialDigits } from './certificate.ts';

export interface RevocationList extends SignedBytes {
  /** DER. */
  readonly issuerDn: Uint8Array;
  /** Milliseconds since 1970, UTC. */
  readonly thisUpdateMs: number;
  /** Absent when the issuer does not say when the next list comes. */
  readonly nextUpdateMs?: number;
  /** Serial numbers as hex of `serialDigits`. */
  readonly serials: ReadonlySet<string>;
  /** Object identifiers of critical extensions of the list or of an entry: it is not a full list
   *  of its issuer, and says nothing that can be relied on here. */
  readonly notUnderstood: readonly string[];
}

/** Reads a DER revocation list, all of it. Nothing about it is verified. */
export function readRevocationList(der: Uint8Array): Reading<RevocationList> {
  return readAtDoor(() => {
    const reader = new ByteReader(der, 'big');
    if (der.byteLength > CERTIFICATE_LIMITS.revocationListBytes) {
      reader.fail('over-cap', 'certificateList', {
        expected: `at most ${CERTIFICATE_LIMITS.revocationListBytes} bytes`,
        actual: `${der.byteLength} bytes`,
      });
    }
    const whole = new BerReader(reader);
    const { content } = whole.element(BER_TAG.sequence, 'certificateList');
    whole.end('certificateList');
    const tbs = content.element(BER_TAG.sequence, 'tbsCertList');
    const algorithm = content.element(BER_TAG.sequence, 'signatureAlgorithm').whole;
    const signature = content.bitString('signatureValue');
    content.end('signatureValue');
    return { tbs: tbs.whole, algorithm, signature, ...tbsFields(tbs.content, algorithm) };
  });
}

/** Whether the list names this serial number. */
export function lists(list: RevocationList, serial: Uint8Array): boolean {
  return list.serials.has(toHex(serialDigits(serial)));
}

function tbsFields(tbs: BerReader, outerAlgorithm: Uint8Array) {
  if (tbs.startsWith(BER_TAG.integer)) tbs.integer('version');
  if (!equalBytes(tbs.element(BER_TAG.sequence, 'signature').whole, outerAlgorithm)) {
    tbs.refuse('signature', { expected: 'the algorithm outside', actual: 'another one' });
  }
  const issuerDn = tbs.element(BER_TAG.sequence, 'issuer').whole;
  const thisUpdateMs = tbs.time('thisUpdate');
  const isTime = tbs.startsWith(BER_TAG.utcTime) || tbs.startsWith(BER_TAG.generalizedTime);
  const next = isTime ? { nextUpdateMs: tbs.time('nextUpdate') } : {};
  const serials = new Set<string>();
  const notUnderstood: string[] = [];
  const entries = tbs.optional(BER_TAG.sequence, 'revokedCertificates')?.content;
  while (entries !== undefined && !entries.isAtEnd) {
    const entry = entries.element(BER_TAG.sequence, 'revokedCertificate').content;
    serials.add(toHex(serialDigits(entry.integer('userCertificate'))));
    entry.time('revocationDate');
    noteCritical(entry.optional(BER_TAG.sequence, 'crlEntryExtensions')?.content, notUnderstood);
    entry.end('crlEntryExtensions');
  }
  const explicit = tbs.optional(contextTag(0, 'constructed'), 'crlExtensions')?.content;
  noteCritical(explicit?.element(BER_TAG.sequence, 'crlExtensions').content, notUnderstood);
  tbs.end('tbsCertList');
  return { issuerDn, thisUpdateMs, ...next, serials, notUnderstood };
}

/** No critical extension of lists is understood: each makes the list a part of another one, or
 *  speaks for another issuer. */
function noteCritical(extensions: BerReader | undefined, oids: string[]): void {
  while (extensions !== undefined && !extensions.isAtEnd) {
    const { content } = extensions.element(BER_TAG.sequence, 'extension');
    const oid = content.oid('extnId');
    const isCritical = content.startsWith(BER_TAG.boolean) && content.boolean('critical');
    content.element(BER_TAG.octetString, 'extnValue');
    content.end('extnValue');
    if (isCritical && oids.length < CERTIFICATE_LIMITS.extensions) oids.push(oid);
  }
}
