// Which kind of evidence file some bytes are: every kind is read strictly, in a fixed order, and
// the first that fits is it. Magic numbers come first, then structures that must fit to the last
// byte, then lists, of which the first records must fit.

import { readEventLog } from '../boot/event-log.ts';
import { latinText, viewBytes } from '../bytes/encoding.ts';
import type { Reading } from '../bytes/reader.ts';
import type { HashName } from '../crypto/digest.ts';
import { readCertificate } from '../enroll/certificate.ts';
import { readAttestHead } from '../quote/attest.ts';
import { TPM_GENERATED_VALUE } from '../quote/constants.ts';
import { readTpm2bPublic, readTpmtPublic, type TpmtPublic } from '../quote/public-area.ts';
import { readTpmtSignature } from '../quote/tpmt-signature.ts';
import { probeList } from './inspect-list.ts';
import type { Kind } from './inspection.ts';

/** The kind of file that begins with `head` (all of it, unless it is a long list), or undefined
 *  when none fits. */
export function recogniseKind(head: Uint8Array): Kind | undefined {
  return TESTS.find(([, fits]) => fits(head))?.[0];
}

/** The digest column of a list whose first bytes are `head`: the first algorithm for which records
 *  can be read and their digests fit; else the first for which any can be read; else SHA-1. */
export function recogniseColumn(head: Uint8Array, encoding: 'binary' | 'ascii'): HashName {
  const probes = COLUMNS.map((column) => ({ column, ...probeList(head, { encoding, column }) }));
  const readable = probes.filter(({ records }) => records > 0);
  const fitting = readable.find(({ mismatches }) => mismatches === 0);
  return (fitting ?? readable[0])?.column ?? 'sha1';
}

const COLUMNS = ['sha1', 'sha256', 'sha384', 'sha512'] as const;

const TESTS: readonly (readonly [Kind, (head: Uint8Array) => boolean])[] = [
  ['quote', isQuote],
  ['x509-pem', (head) => textStart(head).startsWith('-----BEGIN CERTIFICATE-----')],
  ['spki-pem', (head) => textStart(head).startsWith('-----BEGIN PUBLIC KEY-----')],
  ['bundle', (head) => textStart(head).startsWith('{')],
  ['tpmt-public', (head) => isPublicArea(readTpmtPublic(head))],
  ['tpm2b-public', (head) => isPublicArea(readTpm2bPublic(head))],
  ['signature', isSignature],
  ['x509-der', (head) => readCertificate(head).ok],
  ['event-log', isEventLog],
  ['list', (head) => isList(head, 'binary')],
  ['ascii-list', (head) => isList(head, 'ascii')],
];

function isQuote(head: Uint8Array): boolean {
  const reading = readAttestHead(head);
  return reading.ok && reading.value.magic === TPM_GENERATED_VALUE;
}

/** The first characters, without white space before them. */
function textStart(head: Uint8Array): string {
  return latinText(viewBytes(head, 0, Math.min(head.byteLength, TEXT_START_BYTES))).trimStart();
}

function isPublicArea(reading: Reading<TpmtPublic>): boolean {
  return reading.ok && reading.value.detail.state === 'readable';
}

function isSignature(head: Uint8Array): boolean {
  const reading = readTpmtSignature(head);
  return reading.ok && reading.value.state === 'readable';
}

/** A log with a Spec ID record is one even if it breaks later; a legacy log must fit to its end. */
function isEventLog(head: Uint8Array): boolean {
  const log = readEventLog(head);
  return log.format === 'crypto-agile' || (log.malformed === undefined && log.events.length > 0);
}

function isList(head: Uint8Array, encoding: 'binary' | 'ascii'): boolean {
  const column = recogniseColumn(head, encoding);
  return probeList(head, { encoding, column }).records > 0;
}

const TEXT_START_BYTES = 256;
