// The route of entries for reference sets that a host proposes. docs/api.md, "Reference sets"

import { Readable } from 'node:stream';
import { z } from 'zod';
import { proposeSet } from '../../service/propose-set.ts';
import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { idPath } from '../schemas.ts';

/** GET /v1/attesters/{id}/proposed-set. */
export function proposalRoutes(api: Api, service: Service): void {
  api.get(
    '/v1/attesters/:id/proposed-set',
    {
      config: { access: ['policy-admin'] },
      schema: {
        tags: ['reference-sets'],
        summary:
          'What an attester has measured and its policy has no rule for, as a set to look at',
        params: idPath,
        response: { 200: z.any().meta(LINES) },
      },
    },
    async ({ params }, reply) => {
      const { lines, left } = await proposeSet(service, params.id);
      return reply
        .type('application/x-ndjson')
        .header('plumbline-left-out', `${left}`)
        .send(Readable.from(lines.map((line) => `${line}\n`)));
    },
  );
}

const LINES = {
  description:
    'NDJSON as POST /v1/reference-sets/{name} takes it; the first line says that the values are ' +
    'trusted on first use. The header plumbline-left-out counts what no entry can name.',
};
