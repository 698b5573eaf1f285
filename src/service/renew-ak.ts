// A new AK for an attester whose AK was activated, on the word of that AK: TPM2_Certify says that
// one TPM holds both. docs/api.md, "Enrolment"

import { type AkClaim, judgeAk, readAk } from '../enroll/ak.ts';
import { akIdentity } from '../enroll/ak-identity.ts';
import { judgeCertification } from '../enroll/certify.ts';
import { type Finding, makeFinding } from '../findings/finding.ts';
import { type Enrolled, findAttester, keyRefused, MIN_RSA_BITS } from './enroll-attester.ts';
import type { AccessToken, Attester } from './ports.ts';
import type { Service } from './service.ts';

/** What a renewal asks for. */
export interface AkRenewal {
  readonly attesterId: string;
  /** The new key. */
  readonly ak: AkClaim;
  /** TPMS_ATTEST of type certify, by the key that the attester has. */
  readonly attest: Uint8Array;
  /** TPMT_SIGNATURE. */
  readonly signature: Uint8Array;
  readonly by: AccessToken;
}

/** Replaces the AK of an activated attester. When the statement was made does not matter: neither
 *  key can leave its TPM. Problems: `attester.unknown`, `attester.ak_refused`. */
export async function renewAk(service: Service, renewal: AkRenewal): Promise<Enrolled> {
  const { ports } = service;
  const attester = await findAttester(ports, renewal.attesterId);
  const reading = readAk(renewal.ak);
  if (!reading.ok) throw keyRefused('attester.ak_refused', [reading.finding]);
  const judged = judgeAk(reading.ak, { minRsaBits: MIN_RSA_BITS, asserted: undefined });
  const grave = judged.filter(({ severity }) => severity === 'contraindicated');
  const { name } = reading.ak;
  const refused = [...grave, ...(name === undefined ? [UNBOUND] : [])];
  if (name !== undefined) refused.push(...vouching(attester, renewal, name));
  if (refused.length > 0) throw keyRefused('attester.ak_refused', refused);
  const at = ports.clock.now();
  const codes = [...new Set(judged.map(({ code }) => code))];
  const wanted = { ...attester, akIdentity: akIdentity(reading.ak), ak: renewal.ak, codes };
  const replaced = await ports.attesters.replaceAk(
    { ...wanted, enrolledAt: at },
    attester.akIdentity,
  );
  // Removed or renewed meanwhile: the word of a key that the attester had counts for nothing.
  if (!replaced) return renewAk(service, renewal);
  const { id } = attester;
  const entry = { at, actor: renewal.by.id, action: 'attester.replace_ak', subject: id };
  const detail = { binding: 'activated', ak: wanted.akIdentity, proof: 'TPM2_Certify' };
  await ports.audit.append({ ...entry, detail });
  return { attester: await findAttester(ports, id), created: false, findings: judged };
}

/** What speaks against the word of the AK that the attester has. */
function vouching(attester: Attester, renewal: AkRenewal, name: Uint8Array): readonly Finding[] {
  const present = readAk(attester.ak);
  // Only a key that a TPM is known to hold can say what else its TPM holds.
  if (attester.binding !== 'activated' || !present.ok) return [UNBOUND];
  return judgeCertification({
    attest: renewal.attest,
    signature: { encoding: 'tpmt', bytes: renewal.signature },
    by: present.ak,
    name,
  });
}

const UNBOUND = makeFinding('ak.asserted', { severity: 'contraindicated', where: { part: 'ak' } });
