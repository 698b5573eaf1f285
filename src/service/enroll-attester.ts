// Enrolment: an operator registers a host's attestation key, and the host gets its id.
// docs/api.md, "Enrolment"

import { type AkClaim, judgeAk, readAk } from '../enroll/ak.ts';
import type { AkBinding } from '../enroll/ak-binding.ts';
import { akIdentity } from '../enroll/ak-identity.ts';
import { type Certificate, readCertificate } from '../enroll/certificate.ts';
import { findChain } from '../enroll/chain.ts';
import type { PathRules } from '../enroll/judge-path.ts';
import { readPem } from '../enroll/pem.ts';
import type { Finding } from '../findings/finding.ts';
import type { Labels } from './new-attester.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import type { AccessToken, Attester, Ports } from './ports.ts';
import { Problem } from './problem.ts';
import type { Service } from './service.ts';

/** What an enrolment asks for. */
export interface Enrolment {
  readonly ak: AkClaim;
  /** DER certificates that may help that of the key to reach a trust anchor. */
  readonly intermediates?: readonly Uint8Array[];
  readonly labels: Labels;
  readonly by: AccessToken;
}

/** What became of it. */
export interface Enrolled {
  readonly attester: Attester;
  /** False when the key was enrolled before: the attester is the one it has always been. */
  readonly created: boolean;
  /** What every verdict will say about the key. */
  readonly findings: readonly Finding[];
}

/** Enrols a key: as certified where it came in a certificate that leads to a trust anchor,
 *  otherwise as asserted. A key that is known keeps its attester, with the labels that operators
 *  gave it, and a removed one comes back; how the key is described follows the latest enrolment.
 *  Problem: `attester.ak_refused`. */
export async function enrollAttester(service: Service, enrolment: Enrolment): Promise<Enrolled> {
  const { ports } = service;
  const reading = readAk(enrolment.ak);
  if (!reading.ok) throw keyRefused('attester.ak_refused', [reading.finding]);
  const { binding, noted } = await bindingOf(service, enrolment);
  const asserted = binding === 'asserted' ? ('warning' as const) : undefined;
  const judged = judgeAk(reading.ak, { minRsaBits: MIN_RSA_BITS, asserted });
  const grave = judged.filter(({ severity }) => severity === 'contraindicated');
  if (grave.length > 0) throw keyRefused('attester.ak_refused', grave);
  const findings = [...judged, ...noted];
  const at = ports.clock.now();
  const identity = akIdentity(reading.ak);
  const { id, created } = await ports.attesters.enrol({
    id: ports.random.id(),
    identity,
    akIdentity: identity,
    ak: enrolment.ak,
    binding,
    ek: null,
    codes: [...new Set(findings.map(({ code }) => code))],
    labels: enrolment.labels,
    enrolledAt: at,
  });
  const actor = enrolment.by.id;
  const action = created ? 'attester.enrol' : 'attester.enrol_again';
  const detail = { binding, ak: identity };
  await ports.audit.append({ at, actor, action, subject: id, detail });
  return { attester: await findAttester(ports, id), created, findings };
}

/** What the certificate that a key came in proves. One that leads to no anchor proves nothing, and
 *  the findings say why. */
async function bindingOf(
  service: Service,
  enrolment: Enrolment,
): Promise<{ readonly binding: AkBinding; readonly noted: readonly Finding[] }> {
  const leaf = certificateIn(enrolment.ak);
  if (leaf === undefined) return { binding: 'asserted', noted: [] };
  const sent = (enrolment.intermediates ?? []).flatMap((der) => {
    const reading = readCertificate(der);
    return reading.ok ? [reading.value] : [];
  });
  const atMs = service.ports.clock.now().getTime();
  const rules: PathRules = { part: 'ak', atMs, ...PATH_RULES };
  const chain = findChain(leaf, (await service.trust.material()).with(sent), rules);
  return { binding: chain.trusted ? 'certified' : 'asserted', noted: chain.findings };
}

function certificateIn({ bytes, encoding }: AkClaim): Certificate | undefined {
  if (encoding !== 'x509-der' && encoding !== 'x509-pem') return undefined;
  const der =
    encoding === 'x509-pem' ? readPem(bytes, 'CERTIFICATE') : ({ ok: true, value: bytes } as const);
  const reading = der.ok ? readCertificate(der.value) : undefined;
  return reading?.ok === true ? reading.value : undefined;
}

/** The attester with this id. Problem: `attester.unknown`. */
export async function findAttester(ports: Ports, id: string): Promise<Attester> {
  const attester = await ports.attesters.find(id);
  if (attester === undefined) throw unknownAttester();
  return attester;
}

/** One page of the fleet, newest enrolment first. */
export function listAttesters(ports: Ports, page: PageRequest): Promise<Page<Attester>> {
  return pageOf(
    page,
    (request) => ports.attesters.list(request),
    ({ enrolledAt, id }) => ({ at: enrolledAt, id }),
  );
}

/** Replaces an attester's labels. Problem: `attester.unknown`. */
export async function relabelAttester(
  ports: Ports,
  change: { readonly id: string; readonly labels: Labels; readonly by: AccessToken },
): Promise<Attester> {
  if (!(await ports.attesters.relabel(change.id, change.labels))) throw unknownAttester();
  const at = ports.clock.now();
  const entry = { at, actor: change.by.id, action: 'attester.relabel', subject: change.id };
  await ports.audit.append({ ...entry, detail: change.labels });
  return findAttester(ports, change.id);
}

/** Takes an attester out of the fleet; its verdicts stay. Problem: `attester.unknown`. */
export async function removeAttester(ports: Ports, id: string, by: AccessToken): Promise<void> {
  const at = ports.clock.now();
  if (!(await ports.attesters.remove(id, at))) throw unknownAttester();
  await ports.audit.append({ at, actor: by.id, action: 'attester.remove', subject: id });
}

/** Keys or certificates that cannot be enrolled, with every reason. */
export function keyRefused(
  code: 'attester.ak_refused' | 'attester.ek_refused',
  findings: readonly Finding[],
): Problem {
  const isAk = code === 'attester.ak_refused';
  return new Problem(code, {
    detail: isAk
      ? 'The attestation key cannot be enrolled: no quote by it would ever be accepted.'
      : 'The endorsement key cannot be believed. Each place below says what is missing.',
    places: findings.map((finding) => ({
      at: finding.where.field ?? 'ak',
      message: `${finding.code}: ${finding.message}${seenIn(finding)} ${finding.hint}`,
    })),
  });
}

/** Of keys and certificates, which are no secrets. */
function seenIn({ expected, actual }: Finding): string {
  const seen = [
    ...(expected === undefined ? [] : [`Expected: ${expected}.`]),
    ...(actual === undefined ? [] : [`Found: ${actual}.`]),
  ];
  return seen.length === 0 ? '' : ` ${seen.join(' ')}`;
}

function unknownAttester(): Problem {
  return new Problem('attester.unknown', 'No attester has this id, or it was removed.');
}

/** Below this, no policy can accept: the schema of policies has the same floor. */
export const MIN_RSA_BITS = 2048;

/** Field certificates often leave out what their key is for; SHA-1 signatures are forged today. */
export const PATH_RULES = { usageUnstated: 'info', weakSignature: 'contraindicated' } as const;
