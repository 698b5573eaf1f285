// Whether the process lives, and whether it can work. docs/api.md, "Operations"

import type { Service } from '../../service/service.ts';
import type { Api } from '../api.ts';
import { health } from '../schemas.ts';

/** GET /healthz and /readyz. */
export function healthRoutes(api: Api, { ports }: Service): void {
  const config = { access: { public: 'probes hold no token, and it says nothing else' } };
  const tags = ['operations'];

  api.get(
    '/healthz',
    { config, schema: { tags, summary: 'The process lives', response: { 200: health } } },
    () => ({ status: 'ok' }) as const,
  );

  api.get(
    '/readyz',
    {
      config,
      schema: { tags, summary: 'The database answers', response: { 200: health, 503: health } },
    },
    async (_request, reply) => {
      if (await ports.storage.reachable()) return { status: 'ok' } as const;
      return reply.code(503).send({ status: 'unavailable' });
    },
  );
}
