// Routes of the audit log: read it, verify its chain. docs/api.md, "Audit"

import type { z } from 'zod';
import type { AuditFilter } from '../../service/audit-log.ts';
import type { Service } from '../../service/service.ts';
import { auditQuery, auditRecords, auditVerification, knownHead } from '../access-schema.ts';
import type { Api } from '../api.ts';

/** GET /v1/audit and /v1/audit/verification. */
export function auditRoutes(api: Api, { ports }: Service): void {
  const tags = ['access'];
  const config = { access: ['auditor'] } as const;

  api.get(
    '/v1/audit',
    {
      config,
      schema: {
        tags,
        summary: 'Who changed what, and who was refused, newest first',
        querystring: auditQuery,
        response: { 200: auditRecords },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const page = { limit: limit + 1, ...(cursor === undefined ? {} : { before: cursor }) };
      const records = await ports.audit.list(filterOf(request.query), page);
      const items = records.slice(0, limit);
      const last = records.length > limit ? items.at(-1) : undefined;
      return {
        items: items.map((record) => ({ ...record, at: record.at.toISOString() })),
        next: last === undefined ? null : String(last.id),
      };
    },
  );

  api.get(
    '/v1/audit/verification',
    {
      config,
      schema: {
        tags,
        summary: 'Walk the chain of the audit log, and say where it breaks',
        querystring: knownHead,
        response: { 200: auditVerification },
      },
    },
    async (request) => {
      const { id, hash } = request.query;
      return ports.audit.verify(id === undefined || hash === undefined ? undefined : { id, hash });
    },
  );
}

function filterOf(query: z.output<typeof auditQuery>): AuditFilter {
  const { actor, action, subject, since, until } = query;
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(action === undefined ? {} : { action }),
    ...(subject === undefined ? {} : { subject }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(until === undefined ? {} : { until: new Date(until) }),
  };
}
