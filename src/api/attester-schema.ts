// Shapes of enrolment and of attesters. docs/api.md, "Enrolment"

import { z } from 'zod';
import type { Attester } from '../service/ports.ts';
import { contentDigest, id, labels, moment, status } from './schemas.ts';

const MOST_INTERMEDIATES = 8;

const keyBytes = z
  .base64()
  .max(32_768)
  .meta({ description: 'The key; PEM text too is base64 here.' });
const certificateBytes = z.base64().max(65_536);
const intermediates = z
  .array(certificateBytes)
  .max(MOST_INTERMEDIATES)
  .default([])
  .meta({ description: 'DER certificates that may help to reach a trust anchor.' });

const akEncoding = z.enum(['tpmt-public', 'tpm2b-public', 'spki-pem', 'x509-pem', 'x509-der']);

/** What POST /v1/attesters takes. */
export const enrolment = z.strictObject({
  ak: z.strictObject({ encoding: akEncoding, bytes: keyBytes, intermediates }),
  ek: z
    .strictObject({
      encoding: z.enum(['tpm2b-public', 'tpmt-public']).default('tpm2b-public'),
      bytes: keyBytes,
      certificate: certificateBytes.meta({
        description: 'Of this key: DER, or all that the NV index of the TPM holds.',
      }),
      intermediates,
    })
    .optional()
    .meta({ description: 'Then the answer asks for a proof that the TPM of this EK has the AK.' }),
  certification: z
    .strictObject({
      attester: id.meta({ description: 'The attester whose AK made the statement.' }),
      attest: z.base64().max(4096).meta({ description: 'TPMS_ATTEST of TPM2_Certify.' }),
      signature: z.base64().max(4096).meta({ description: 'TPMT_SIGNATURE.' }),
    })
    .optional()
    .meta({ description: 'A new AK for an activated attester, vouched for by the one it has.' }),
  labels: labels.default({}),
});

/** What POST /v1/attesters/{id}/activation takes. */
export const activationAnswer = z.strictObject({
  activation: id,
  secret: z.base64().max(256).meta({ description: 'What TPM2_ActivateCredential gave back.' }),
});

const attesterFields = {
  id,
  identity: contentDigest.meta({
    description: 'RFC 7638 thumbprint of the key that the id is bound to: EK, or AK without one.',
  }),
  binding: z.enum(['activated', 'certified', 'asserted']).meta({
    description: 'How the AK is bound to its TPM.',
  }),
  akIdentity: contentDigest.meta({ description: 'RFC 7638 thumbprint of the attestation key.' }),
  akEncoding,
  codes: z.array(z.string()).meta({ description: 'Reason codes that the enrolment left.' }),
  labels: z.record(z.string(), z.string()),
  enrolledAt: moment,
  latest: z
    .object({ id, status, at: moment, expiresAt: moment })
    .nullable()
    .meta({ description: 'The newest verdict; null before the first.' }),
};

export const attester = z.object(attesterFields).meta({ id: 'Attester' });

export const enrolled = z.object({
  ...attesterFields,
  findings: z.array(z.string()).meta({ description: 'Codes that verdicts will carry.' }),
});

/** Nothing is enrolled yet: the TPM has to prove that it holds both keys. */
export const activationRequest = z.object({
  id: id.meta({ description: 'Of the attester that the right answer enrols.' }),
  activation: z.object({
    id,
    idObject: z.base64().meta({ description: 'TPM2B_ID_OBJECT.' }),
    encryptedSecret: z.base64().meta({ description: 'TPM2B_ENCRYPTED_SECRET.' }),
    credentialFile: z
      .base64()
      .meta({ description: 'Both, as tpm2_activatecredential reads them.' }),
    expiresAt: moment,
  }),
  findings: z.array(z.string()),
});

/** An attester as it is told. */
export function attesterView(kept: Attester) {
  const { latest } = kept;
  return {
    id: kept.id,
    identity: kept.identity,
    binding: kept.binding,
    akIdentity: kept.akIdentity,
    akEncoding: kept.ak.encoding,
    codes: [...kept.codes],
    labels: kept.labels,
    enrolledAt: kept.enrolledAt.toISOString(),
    latest:
      latest === null
        ? null
        : { ...latest, at: latest.at.toISOString(), expiresAt: latest.expiresAt.toISOString() },
  };
}
