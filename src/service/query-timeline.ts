// Where an attester stands: what is proven of its boot, what is open, and the rounds up to now.
// docs/api.md, "Timeline"

import { findAttester } from './enroll-attester.ts';
import { type Page, type PageRequest, pageOf } from './page.ts';
import type { Ports } from './ports.ts';
import type { KeptTimeline, RoundSummary } from './timeline-store.ts';

/** A timeline with a page of its rounds. */
export interface AttesterTimeline extends Pick<KeptTimeline, 'state' | 'updatedAt'> {
  readonly rounds: Page<RoundSummary>;
}

/** The timeline of an attester; its rounds come newest first. Problem: `attester.unknown`. */
export async function timelineOf(
  ports: Ports,
  attesterId: string,
  page: PageRequest,
): Promise<AttesterTimeline> {
  const { id } = await findAttester(ports, attesterId);
  const { state, updatedAt } = await ports.timelines.find(id);
  const rounds = await pageOf(
    page,
    (request) => ports.timelines.rounds(id, request),
    ({ at, id: verdictId }) => ({ at, id: verdictId }),
  );
  return { state, updatedAt, rounds };
}
