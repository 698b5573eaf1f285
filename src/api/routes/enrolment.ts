// Routes of enrolment: register a key, and prove that the TPM of an EK holds it.
// docs/api.md, "Enrolment"

import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { fromBase64, toBase64 } from '../../bytes/encoding.ts';
import {
  type ActivationRequest,
  beginActivation,
  concludeActivation,
  type EkEnrolment,
} from '../../service/activate-attester.ts';
import { type Enrolled, enrollAttester } from '../../service/enroll-attester.ts';
import type { AccessToken } from '../../service/ports.ts';
import { type AkRenewal, renewAk } from '../../service/renew-ak.ts';
import type { Service } from '../../service/service.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import {
  activationAnswer,
  activationRequest,
  attester,
  attesterView,
  enrolled,
  enrolment,
} from '../attester-schema.ts';
import { invalid } from '../evidence-head.ts';
import { idPath } from '../schemas.ts';

const TAGS = ['attesters'];

/** POST /v1/attesters and /v1/attesters/{id}/activation. */
export function enrolmentRoutes(api: Api, service: Service): void {
  api.post(
    '/v1/attesters',
    {
      config: { access: ['agent-enrol', 'operator'] },
      schema: {
        tags: TAGS,
        summary: 'Enrol an attestation key, or begin to prove where it lives',
        body: enrolment,
        response: { 200: enrolled, 201: enrolled, 202: activationRequest },
      },
    },
    async (request, reply) => {
      const by = callerOf(request);
      const { ek, certification } = request.body;
      if (ek !== undefined && certification !== undefined) throw invalid([ONE_PROOF]);
      if (certification !== undefined) {
        const renewed = await renewAk(service, certified({ ...request.body, certification }, by));
        const { attester: kept, findings } = renewed;
        return reply.code(200).send({ ...attesterView(kept), findings: codesOf(findings) });
      }
      if (ek === undefined) return enrolAlone(service, { ...request.body, by }, reply);
      const begun = await beginActivation(service, provable({ ...request.body, ek }, by));
      return reply.code(202).send(activationView(begun));
    },
  );

  api.post(
    '/v1/attesters/:id/activation',
    {
      config: { access: { public: 'the answer proves who it is from' } },
      schema: {
        tags: TAGS,
        summary: 'Prove that the TPM of the EK holds the AK',
        params: idPath,
        body: activationAnswer,
        response: { 200: attester, 201: attester },
      },
    },
    async (request, reply) => {
      const { activation: activationId, secret } = request.body;
      const { attester: enrolledAs, created } = await concludeActivation(service, {
        attesterId: request.params.id,
        activationId,
        secret: bytesAt(secret, '/secret'),
      });
      return reply
        .code(created ? 201 : 200)
        .header('location', `/v1/attesters/${enrolledAs.id}`)
        .send(attesterView(enrolledAs));
    },
  );
}

const ONE_PROOF = { at: '/certification', message: 'either ek or certification, not both' };

type Body = z.output<typeof enrolment>;

async function enrolAlone(
  service: Service,
  { ak, labels, by }: Body & { readonly by: AccessToken },
  reply: FastifyReply,
) {
  const result: Enrolled = await enrollAttester(service, {
    ak: { encoding: ak.encoding, bytes: bytesAt(ak.bytes, '/ak/bytes') },
    intermediates: manyAt(ak.intermediates, '/ak/intermediates'),
    labels,
    by,
  });
  return reply
    .code(result.created ? 201 : 200)
    .header('location', `/v1/attesters/${result.attester.id}`)
    .send({ ...attesterView(result.attester), findings: codesOf(result.findings) });
}

type BodyWithEk = Body & { readonly ek: NonNullable<Body['ek']> };

function provable({ ak, ek, labels }: BodyWithEk, by: AccessToken): EkEnrolment {
  const { encoding } = ak;
  if (encoding !== 'tpm2b-public' && encoding !== 'tpmt-public') {
    const message = 'an activation needs the public area: tpm2b-public or tpmt-public';
    throw invalid([{ at: '/ak/encoding', message }]);
  }
  return {
    ak: { encoding, bytes: bytesAt(ak.bytes, '/ak/bytes') },
    ek: {
      encoding: ek.encoding,
      bytes: bytesAt(ek.bytes, '/ek/bytes'),
      certificate: bytesAt(ek.certificate, '/ek/certificate'),
      intermediates: manyAt(ek.intermediates, '/ek/intermediates'),
    },
    labels,
    by,
  };
}

type CertifiedBody = Body & { readonly certification: NonNullable<Body['certification']> };

function certified({ ak, certification }: CertifiedBody, by: AccessToken): AkRenewal {
  return {
    attesterId: certification.attester,
    ak: { encoding: ak.encoding, bytes: bytesAt(ak.bytes, '/ak/bytes') },
    attest: bytesAt(certification.attest, '/certification/attest'),
    signature: bytesAt(certification.signature, '/certification/signature'),
    by,
  };
}

function activationView(begun: ActivationRequest) {
  return {
    id: begun.attesterId,
    activation: {
      id: begun.activationId,
      idObject: toBase64(begun.credential.idObject),
      encryptedSecret: toBase64(begun.credential.encryptedSecret),
      credentialFile: toBase64(begun.file),
      expiresAt: begun.expiresAt.toISOString(),
    },
    findings: codesOf(begun.findings),
  };
}

function codesOf(findings: readonly { readonly code: string }[]): string[] {
  return findings.map(({ code }) => code);
}

function manyAt(texts: readonly string[], at: string): Uint8Array[] {
  return texts.map((text, index) => bytesAt(text, `${at}/${index}`));
}

function bytesAt(text: string, at: string): Uint8Array {
  const bytes = fromBase64(text);
  if (bytes === undefined) throw invalid([{ at, message: 'not base64' }]);
  return bytes;
}
