// Routes of relying parties: the signed result of an attester, and the keys to check it with.
// docs/results.md

import { z } from 'zod';
import { EAR_PROFILES } from '../../results/ear.ts';
import { issueResult } from '../../service/attestation-result.ts';
import { Problem } from '../../service/problem.ts';
import { ALGORITHM, publishedKeys, rotateSigner } from '../../service/result-keys.ts';
import type { Service } from '../../service/service.ts';
import { acceptedProfile, RESULT_MEDIA_TYPE } from '../accept.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { discovery, keySet, resultQuery, rotatedKey } from '../result-schema.ts';
import { idPath } from '../schemas.ts';

const TAGS = ['results'];
const OPEN = { access: { public: 'public keys: whoever holds a result may check it' } } as const;

/** GET /v1/attesters/{id}/result; GET /.well-known/jwks.json and /plumbline; POST
 *  /v1/result-keys/rotate. */
export function resultRoutes(
  api: Api,
  { ports }: Service,
  { issuer, version: build }: { readonly issuer?: string; readonly version: string },
): void {
  api.get(
    '/v1/attesters/:id/result',
    {
      config: { access: ['operator', 'auditor', 'relying-party'] },
      schema: {
        tags: TAGS,
        summary: 'The newest verdict of an attester as a signed result (EAR), while it is good',
        params: idPath,
        querystring: resultQuery,
        response: { 200: { content: { [RESULT_MEDIA_TYPE]: { schema: z.string() } } } },
      },
    },
    async (request, reply) => {
      const profile = acceptedProfile(request.headers.accept);
      if (profile === undefined) throw unsupportedProfile();
      const wanted = { attesterId: request.params.id, profile, ...request.query };
      const result = await issueResult(ports, wanted, { issuer, build });
      return reply
        .header('vary', 'accept')
        .type(`${RESULT_MEDIA_TYPE}; eat_profile="${profile}"`)
        .send(result);
    },
  );

  api.get(
    '/.well-known/jwks.json',
    {
      config: OPEN,
      schema: {
        tags: TAGS,
        summary: 'The keys that sign results, and those whose results still count',
        response: { 200: keySet },
      },
    },
    async () => ({ keys: await publishedKeys(ports) }),
  );

  api.get(
    '/.well-known/plumbline',
    {
      config: OPEN,
      schema: {
        tags: TAGS,
        summary: 'Who signs results, in which forms',
        response: { 200: discovery },
      },
    },
    () => ({
      ...(issuer === undefined ? {} : { issuer }),
      jwks_uri: `${issuer?.replace(/\/$/, '') ?? ''}/.well-known/jwks.json`,
      result_profiles: [...EAR_PROFILES],
      result_signing_algs: [ALGORITHM],
    }),
  );

  api.post(
    '/v1/result-keys/rotate',
    {
      // No role but admin.
      config: { access: [] },
      schema: {
        tags: TAGS,
        summary: 'Have a new key sign results from now on',
        response: { 201: rotatedKey },
      },
    },
    async (request, reply) => reply.code(201).send(await rotateSigner(ports, callerOf(request))),
  );
}

function unsupportedProfile(): Problem {
  const forms = EAR_PROFILES.map((each) => `${RESULT_MEDIA_TYPE}; eat_profile="${each}"`);
  return new Problem('result.profile_unsupported', `Accept one of ${forms.join(' and ')}.`);
}
