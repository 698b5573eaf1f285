// Enrolment by proof: a certified EK shows that its TPM holds the AK. The identity is the EK's, so
// that nothing a client says can make one machine pass for another. FORMATS 14.4;
// docs/api.md, "Enrolment"

import { type AkReading, judgeAk, readAk } from '../enroll/ak.ts';
import { akIdentity, keyIdentity } from '../enroll/ak-identity.ts';
import type { Certificate } from '../enroll/certificate.ts';
import {
  CREDENTIAL_ENTROPY_BYTES,
  credentialFile,
  type MadeCredential,
  makeCredential,
} from '../enroll/credential.ts';
import { type EndorsementKey, judgeEk, readEk } from '../enroll/ek.ts';
import { judgeEndorsement } from '../enroll/endorse.ts';
import { isSecretOf, secretDigest } from '../enroll/fingerprint.ts';
import type { PathRules } from '../enroll/judge-path.ts';
import type { Finding } from '../findings/finding.ts';
import { findAttester, keyRefused, MIN_RSA_BITS, PATH_RULES } from './enroll-attester.ts';
import type { EnrolmentDraft } from './enrolment-store.ts';
import type { Labels, NewAttester } from './new-attester.ts';
import type { AccessToken, Attester, Ports } from './ports.ts';
import { Problem } from './problem.ts';
import type { Service } from './service.ts';

/** What an enrolment by EK asks for. */
export interface EkEnrolment {
  readonly ek: {
    readonly bytes: Uint8Array;
    readonly encoding: 'tpm2b-public' | 'tpmt-public';
    /** DER, or what the TPM's NV index holds. */
    readonly certificate: Uint8Array;
    /** Certificates that may help to reach a trust anchor. */
    readonly intermediates: readonly Uint8Array[];
  };
  readonly ak: {
    readonly bytes: Uint8Array;
    readonly encoding: 'tpm2b-public' | 'tpmt-public';
  };
  readonly labels: Labels;
  readonly by: AccessToken;
}

/** What the attester has to do next. */
export interface ActivationRequest {
  /** Of the attester that the right answer makes, or whose AK it replaces. */
  readonly attesterId: string;
  readonly activationId: string;
  readonly credential: MadeCredential;
  /** The same as one file for tpm2_activatecredential. */
  readonly file: Uint8Array;
  readonly expiresAt: Date;
  /** What was noted about the keys and certificates. */
  readonly findings: readonly Finding[];
}

/** Checks the keys and the certificate, and makes a credential that only the TPM with this EK and
 *  this AK can open. Nothing is enrolled yet. Problems: `attester.ek_refused`,
 *  `attester.ak_refused`. */
export async function beginActivation(
  service: Service,
  enrolment: EkEnrolment,
): Promise<ActivationRequest> {
  const { ports } = service;
  const at = ports.clock.now();
  const { ak, findings: akFindings } = readProvableAk(enrolment);
  const { ek, certificate, findings: ekFindings } = await certifiedEk(service, enrolment, at);
  const identity = keyIdentity(ek.key);
  const secret = ports.random.bytes(SECRET_BYTES);
  const akName = ak.name;
  if (akName === undefined) throw new Error('a public area gave no Name');
  const entropy = ports.random.bytes(CREDENTIAL_ENTROPY_BYTES);
  const credential = makeCredential({ ek, akName, credential: secret, entropy });
  if (credential === undefined) throw new Error('readEk let a key pass that is none');
  const findings = [...ekFindings, ...akFindings];
  const attester: NewAttester = {
    id: (await ports.enrolments.idOf(identity)) ?? ports.random.id(),
    identity,
    akIdentity: akIdentity(ak),
    ak: enrolment.ak,
    binding: 'activated',
    ek: { publicArea: enrolment.ek.bytes, certificate: certificate.der },
    codes: codesOf(findings),
    labels: enrolment.labels,
    enrolledAt: at,
  };
  const expiresAt = new Date(at.getTime() + ANSWER_MS);
  const activationId = ports.random.id();
  const asked = { secretDigest: secretDigest(secret), askedBy: enrolment.by.id, expiresAt };
  await ports.enrolments.keep({ id: activationId, attester, ...asked }, OPEN_DRAFTS);
  const entry = { at, actor: enrolment.by.id, action: 'attester.ask_activation' };
  await ports.audit.append({ ...entry, subject: attester.id });
  const file = credentialFile(credential);
  return { attesterId: attester.id, activationId, credential, file, expiresAt, findings };
}

/** Takes the answer to an activation. Any answer uses it up, and whatever is wrong with one is
 *  answered alike. Problem: `activation.refused`. */
export async function concludeActivation(
  { ports }: Service,
  answer: {
    readonly attesterId: string;
    readonly activationId: string;
    readonly secret: Uint8Array;
  },
): Promise<{ readonly attester: Attester; readonly created: boolean }> {
  const draft = await ports.enrolments.take(answer.activationId);
  const at = ports.clock.now();
  const isRight =
    draft !== undefined &&
    isSecretOf(answer.secret, draft.secretDigest) &&
    draft.attester.id === answer.attesterId &&
    draft.expiresAt > at;
  if (draft !== undefined && !isRight) await noteRefusal(ports, draft, at);
  if (!isRight) throw activationRefused();
  const { askedBy: actor } = draft;
  const wanted = { ...draft.attester, enrolledAt: at };
  const { id, created, akReplaced } = await ports.attesters.enrol(wanted);
  const action = created ? 'attester.enrol' : 'attester.enrol_again';
  const detail = { binding: 'activated', ak: wanted.akIdentity };
  const verb = akReplaced ? 'attester.replace_ak' : action;
  await ports.audit.append({ at, actor, action: verb, subject: id, detail });
  return { attester: await findAttester(ports, id), created };
}

/** Somebody answered for a TPM that it could not be. Drafts are begun with a token and taken once:
 *  strangers cannot fill the log with these. */
async function noteRefusal(ports: Ports, { attester, askedBy }: EnrolmentDraft, at: Date) {
  const { id: subject, akIdentity: ak } = attester;
  const action = 'attester.refuse_activation';
  await ports.audit.append({ at, actor: askedBy, action, subject, detail: { ak } });
}

/** A key that was read. */
type Ak = Extract<AkReading, { readonly ok: true }>['ak'];

function readProvableAk({ ak }: EkEnrolment): {
  readonly ak: Ak;
  readonly findings: readonly Finding[];
} {
  const reading = readAk(ak);
  if (!reading.ok) throw keyRefused('attester.ak_refused', [reading.finding]);
  const findings = judgeAk(reading.ak, { minRsaBits: MIN_RSA_BITS, asserted: undefined });
  refuseGrave('attester.ak_refused', findings);
  return { ak: reading.ak, findings };
}

async function certifiedEk(
  service: Service,
  { ek: claim }: EkEnrolment,
  at: Date,
): Promise<{
  readonly ek: EndorsementKey;
  readonly certificate: Certificate;
  readonly findings: readonly Finding[];
}> {
  const reading = readEk(claim.bytes, claim.encoding);
  if (!reading.ok) throw keyRefused('attester.ek_refused', [reading.finding]);
  const { ek } = reading;
  const rules: PathRules = { part: 'ek', atMs: at.getTime(), ...PATH_RULES };
  const endorsement = { certificate: claim.certificate, key: ek.key, sent: claim.intermediates };
  const outcome = judgeEndorsement(endorsement, await service.trust.material(), rules);
  const findings = [...judgeEk(ek), ...outcome.findings];
  refuseGrave('attester.ek_refused', findings);
  if (!outcome.endorsed) throw new Error('an EK without endorsement and without a reason');
  return { ek, certificate: outcome.path[0], findings };
}

function refuseGrave(
  code: 'attester.ek_refused' | 'attester.ak_refused',
  findings: readonly Finding[],
): void {
  const grave = findings.filter(({ severity }) => severity === 'contraindicated');
  if (grave.length > 0) throw keyRefused(code, grave);
}

function codesOf(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code }) => code))];
}

function activationRefused(): Problem {
  const detail =
    'No activation is open that this answers. Begin the enrolment again: each activation takes ' +
    'one answer, and for a short time.';
  return new Problem('activation.refused', detail);
}

const SECRET_BYTES = 32;
/** A TPM answers within seconds; slow ones within a minute. */
const ANSWER_MS = 300_000;
/** Drafts of one EK: who asks often cannot keep it from enrolling. */
const OPEN_DRAFTS = 4;
