// Trust anchors, intermediates and revocation lists: what chains of TPM certificates are checked
// against. None is believed that nobody uploaded. docs/api.md, "Trust anchors"

import { toHex } from '../bytes/encoding.ts';
import type { Reading } from '../bytes/reader.ts';
import { type Certificate, readCertificate } from '../enroll/certificate.ts';
import { fingerprintOf } from '../enroll/fingerprint.ts';
import { readPemBundle } from '../enroll/pem.ts';
import { type RevocationList, readRevocationList } from '../enroll/revocation-list.ts';
import { TrustMaterial } from '../enroll/trust-material.ts';
import type { AnchorKind, TrustAnchor } from './key-stores.ts';
import type { AccessToken, Ports } from './ports.ts';
import { Problem, type ProblemPlace } from './problem.ts';
import { nextTurn } from './slices.ts';

/** One of an import, as it is kept now. */
export interface ImportedAnchor extends TrustAnchor {
  /** False when it was kept already. */
  readonly created: boolean;
}

/** Keeps every certificate (or revocation list) of a file, PEM blocks or one in DER. One that
 *  cannot be read refuses all of them. Problem: `trust_anchor.invalid`. */
export async function importTrustAnchors(
  ports: Ports,
  file: { readonly kind: AnchorKind; readonly content: Uint8Array; readonly by: AccessToken },
): Promise<ImportedAnchor[]> {
  const { kind, content, by } = file;
  const at = ports.clock.now();
  const anchors: TrustAnchor[] = [];
  for (const [index, der] of blocksOf(kind, content).entries()) {
    const described = kind === 'crl' ? aboutList(der) : aboutCertificate(der);
    if (described === undefined)
      throw invalid([{ at: `block ${index + 1}`, message: WANTED[kind] }]);
    anchors.push({ fingerprint: fingerprintOf(der), kind, der, ...described, addedAt: at });
    await nextTurn();
  }
  const imported: ImportedAnchor[] = [];
  for (const anchor of anchors) {
    // The embedded database answers within the turn.
    await nextTurn();
    const created = await ports.trustAnchors.add(anchor);
    imported.push({ ...anchor, created });
    if (!created) continue;
    const { fingerprint, subject } = anchor;
    const entry = { at, actor: by.id, action: 'trust_anchor.add', subject: fingerprint };
    await ports.audit.append({ ...entry, detail: { kind, subject } });
  }
  return imported;
}

/** Everything that is believed, or helps to believe, by subject. */
export function listTrustAnchors(ports: Ports): Promise<TrustAnchor[]> {
  return ports.trustAnchors.list();
}

/** Takes one away: chains are checked when attesters enrol, so attesters stay what they are.
 *  Problem: `trust_anchor.unknown`. */
export async function removeTrustAnchor(
  ports: Ports,
  fingerprint: string,
  by: AccessToken,
): Promise<void> {
  if (!(await ports.trustAnchors.remove(fingerprint))) {
    throw new Problem('trust_anchor.unknown', 'Nothing with this fingerprint is kept.');
  }
  const at = ports.clock.now();
  const entry = { at, actor: by.id, action: 'trust_anchor.remove', subject: fingerprint };
  await ports.audit.append(entry);
}

/** Reads what is kept into the form that chains are searched in: each of them once, a step at a
 *  time, because a certificate takes a millisecond and vendors have hundreds. */
export class TrustShelf {
  readonly #ports: Pick<Ports, 'trustAnchors'>;
  #state: string | undefined;
  #material: Promise<TrustMaterial> | undefined;
  #certificates: ReadonlyMap<string, Certificate> = new Map();
  #lists: ReadonlyMap<string, RevocationList> = new Map();

  constructor(ports: Pick<Ports, 'trustAnchors'>) {
    this.#ports = ports;
  }

  /** Everything that is kept now. */
  async material(): Promise<TrustMaterial> {
    const state = await this.#ports.trustAnchors.state();
    if (this.#material === undefined || state !== this.#state) {
      this.#state = state;
      this.#material = this.#read().catch((error: unknown) => {
        // The next enrolment asks again.
        this.#state = undefined;
        throw error;
      });
    }
    return this.#material;
  }

  async #read(): Promise<TrustMaterial> {
    const kept = await this.#ports.trustAnchors.list();
    const authorities = kept.filter(({ kind }) => kind !== 'crl');
    const certificates = await readNew(authorities, this.#certificates, readCertificate);
    const revocations = kept.filter(({ kind }) => kind === 'crl');
    const lists = await readNew(revocations, this.#lists, readRevocationList);
    this.#certificates = certificates;
    this.#lists = lists;
    const of = (wanted: AnchorKind) =>
      kept.flatMap(({ fingerprint, kind }) =>
        kind === wanted ? (certificates.get(fingerprint) ?? []) : [],
      );
    return new TrustMaterial({
      anchors: of('anchor'),
      intermediates: of('intermediate'),
      revocationLists: [...lists.values()],
    });
  }
}

/** Each of `kept` by fingerprint, read now unless it is known. */
async function readNew<T>(
  kept: readonly TrustAnchor[],
  known: ReadonlyMap<string, T>,
  read: (der: Uint8Array) => Reading<T>,
): Promise<ReadonlyMap<string, T>> {
  const all = new Map<string, T>();
  for (const { fingerprint, der } of kept) {
    const before = known.get(fingerprint);
    if (before === undefined) await nextTurn();
    all.set(fingerprint, before ?? believed(read(der)));
  }
  return all;
}

function believed<T>(reading: Reading<T>): T {
  if (!reading.ok) throw new Error('a stored trust anchor is damaged');
  return reading.value;
}

function blocksOf(kind: AnchorKind, content: Uint8Array): readonly Uint8Array[] {
  if (content[0] === DER_SEQUENCE) return [content];
  const reading = readPemBundle(content, kind === 'crl' ? 'X509 CRL' : 'CERTIFICATE');
  if (reading.ok) return reading.value;
  const { expected, actual } = reading.malformed;
  throw invalid([{ at: '', message: `expected ${expected}, found ${actual}` }]);
}

function aboutCertificate(
  bytes: Uint8Array,
): Pick<TrustAnchor, 'subject' | 'expiresAt'> | undefined {
  const reading = readCertificate(bytes);
  if (!reading.ok) return undefined;
  const { subject, notAfterMs } = reading.value;
  return { subject, expiresAt: new Date(notAfterMs) };
}

function aboutList(der: Uint8Array): Pick<TrustAnchor, 'subject' | 'expiresAt'> | undefined {
  const reading = readRevocationList(der);
  if (!reading.ok) return undefined;
  const { issuerDn, nextUpdateMs } = reading.value;
  const subject = `revocation list of ${toHex(issuerDn)}`.substring(0, SUBJECT_CHARS);
  return { subject, expiresAt: nextUpdateMs === undefined ? null : new Date(nextUpdateMs) };
}

function invalid(places: readonly ProblemPlace[]): Problem {
  const detail = 'Nothing was kept. Correct the file and send it again.';
  return new Problem('trust_anchor.invalid', { detail, places });
}

const DER_SEQUENCE = 0x30;
const SUBJECT_CHARS = 512;
const WANTED: Readonly<Record<AnchorKind, string>> = {
  anchor: 'no certificate can be read',
  intermediate: 'no certificate can be read',
  crl: 'no revocation list can be read',
};
