// The route of an attester's timeline. docs/api.md, "Timeline"

import { type AttesterTimeline, timelineOf } from '../../service/query-timeline.ts';
import type { Service } from '../../service/service.ts';
import type { RoundSummary } from '../../service/timeline-store.ts';
import type { TimelineState } from '../../verify/timeline-state.ts';
import type { Api } from '../api.ts';
import { pageAnswer, pageRequest } from '../cursor.ts';
import { idPath, pageQuery } from '../schemas.ts';
import { timeline } from '../timeline-schema.ts';

/** GET /v1/attesters/{id}/timeline. */
export function timelineRoutes(api: Api, { ports }: Service): void {
  api.get(
    '/v1/attesters/:id/timeline',
    {
      config: { access: ['operator', 'auditor'] },
      schema: {
        tags: ['attesters'],
        summary: 'What is proven of the boot of an attester, and its rounds, newest first',
        params: idPath,
        querystring: pageQuery,
        response: { 200: timeline },
      },
    },
    async ({ params, query }) => view(await timelineOf(ports, params.id, pageRequest(query))),
  );
}

function view({ state, updatedAt, rounds }: AttesterTimeline) {
  const checkpoints = state?.checkpoints ?? [];
  const appraisal = checkpoints[0]?.appraisal;
  return {
    updatedAt: updatedAt?.toISOString() ?? null,
    boot: state === undefined ? null : bootView(state.boot),
    checkpoints: checkpoints.map(({ index, bytes, registers }) => ({
      index,
      bytes,
      registers: registers.map(({ pcr, bank, values }) => ({ pcr, bank, values })),
    })),
    epochs: appraisal?.epochs.epochs ?? [],
    findings: appraisal?.open.findings ?? [],
    findingCounts: Object.fromEntries(appraisal?.open.counts ?? []),
    rounds: pageAnswer(rounds, roundView),
  };
}

/** In the words of the verdict. */
function bootView({ clockMs, firmwareVersion, ...boot }: TimelineState['boot']) {
  const version = BigInt(firmwareVersion).toString(16).padStart(16, '0');
  return { ...boot, clockMs: Number(clockMs), firmwareVersion: version };
}

function roundView({ id, at, ...round }: RoundSummary) {
  return { verdict: id, ...round, at: at.toISOString() };
}
