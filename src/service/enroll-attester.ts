// Enrolment: an operator registers a host's attestation key, and the host gets its id.
// docs/api.md, "Enrolment"

import { type AkClaim, judgeAk, readAk } from '../enroll/ak.ts';
import { akIdentity } from '../enroll/ak-identity.ts';
import type { Finding } from '../findings/finding.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import type { AccessToken, Attester, Labels, Ports } from './ports.ts';
import { Problem } from './problem.ts';

/** What an enrolment asks for. */
export interface Enrolment {
  readonly ak: AkClaim;
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

/** Enrols a key as it was asserted. A key that is known keeps its attester, with the labels that
 *  operators gave it, and a removed one comes back; how the key is described follows the latest
 *  enrolment. Problem: `attester.ak_refused`. */
export async function enrollAttester(ports: Ports, enrolment: Enrolment): Promise<Enrolled> {
  const reading = readAk(enrolment.ak);
  if (!reading.ok) throw refusal([reading.finding]);
  const findings = judgeAk(reading.ak, { minRsaBits: MIN_RSA_BITS, asserted: 'warning' });
  const grave = findings.filter(({ severity }) => severity === 'contraindicated');
  if (grave.length > 0) throw refusal(grave);
  const at = ports.clock.now();
  const identity = akIdentity(reading.ak);
  const { id, created } = await ports.attesters.enrol({
    id: ports.random.id(),
    identity,
    akIdentity: identity,
    ak: enrolment.ak,
    binding: 'asserted',
    ek: null,
    codes: findings.map(({ code }) => code),
    labels: enrolment.labels,
    enrolledAt: at,
  });
  const actor = enrolment.by.id;
  const action = created ? 'attester.enrol' : 'attester.enrol_again';
  await ports.audit.append({ at, actor, action, subject: id });
  return { attester: await findAttester(ports, id), created, findings };
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

function refusal(findings: readonly Finding[]): Problem {
  return new Problem('attester.ak_refused', {
    detail: 'The attestation key cannot be enrolled: no quote by it would ever be accepted.',
    places: findings.map((finding) => ({
      at: finding.where.field ?? 'ak',
      message: `${finding.code}: ${finding.message} ${finding.hint}`,
    })),
  });
}

function unknownAttester(): Problem {
  return new Problem('attester.unknown', 'No attester has this id, or it was removed.');
}

/** Below this, no policy can accept: the schema of policies has the same floor. */
const MIN_RSA_BITS = 2048;
