// Routes of trials: what a policy version would say of the stored evidence. docs/api.md, "Trials"

import { z } from 'zod';
import { REAPPRAISAL_LIMITS } from '../../bytes/limits.ts';
import type { StoredTrial } from '../../service/policy-store.ts';
import type { Service } from '../../service/service.ts';
import { beginTrial, findTrial } from '../../service/trial.ts';
import { callerOf } from '../access.ts';
import type { Api } from '../api.ts';
import { sendLines } from '../lines.ts';
import { storedTrial, trialList, trialPath, trialRequest } from '../policy-schema.ts';
import { versionPath } from '../schemas.ts';

const tags = ['policies'];
const READ = { access: ['policy-admin', 'operator', 'auditor'] } as const;

/** POST /v1/policies/{name}/versions/{n}/trial, and GET …/trials. */
export function trialRoutes(api: Api, service: Service): void {
  api.post(
    '/v1/policies/:name/versions/:version/trial',
    {
      config: { access: ['policy-admin'] },
      schema: {
        tags,
        summary: 'Appraise the newest stored evidence again under a version; progress by lines',
        params: versionPath,
        body: trialRequest,
        response: { 200: z.any().meta(LINES) },
      },
    },
    async (request, reply) => {
      const { params: policy, body: selection } = request;
      const lines = await beginTrial(service, { policy, selection }, callerOf(request));
      return sendLines(request, reply, lines);
    },
  );

  api.get(
    '/v1/policies/:name/versions/:version/trials',
    {
      config: READ,
      schema: {
        tags,
        summary: 'List the finished trials of a version, newest first',
        params: versionPath,
        response: { 200: trialList },
      },
    },
    async ({ params: { name, version } }) => {
      const found = await service.ports.trials.list(name, version, REAPPRAISAL_LIMITS.trialsListed);
      return { items: found.map(headOf) };
    },
  );

  api.get(
    '/v1/policies/:name/versions/:version/trials/:id',
    {
      config: READ,
      schema: {
        tags,
        summary: 'A finished trial and its result',
        params: trialPath,
        response: { 200: storedTrial },
      },
    },
    async ({ params: { id, ...policy } }) => {
      const trial = await findTrial(service.ports, policy, id);
      const result: Record<string, unknown> = JSON.parse(trial.result);
      return { ...headOf(trial), result };
    },
  );
}

function headOf({ id, policy, startedAt, finishedAt, startedBy }: Omit<StoredTrial, 'result'>) {
  return {
    id,
    policy: { ...policy },
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    startedBy,
  };
}

const LINES = {
  description:
    'One TrialLine a line (application/x-ndjson, or server-sent events by Accept): "trial", then ' +
    '"progress" and "flip" as they come, "result" at the end, or "failed".',
};
