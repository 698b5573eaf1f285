// A challenge: fresh random bytes that the next quote must carry, and what the evidence needs to
// hold. RFC 9334 10; docs/api.md, "Challenges"

import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { findAttester } from './enroll-attester.ts';
import type { Challenge } from './ports.ts';
import type { Service } from './service.ts';
import type { KeptTimeline } from './timeline-store.ts';

/** A challenge as its attester is told it. */
export interface IssuedChallenge {
  readonly challenge: Challenge;
  /** Under which the evidence will be appraised: it says what to quote and what to send. */
  readonly policy: AcceptancePolicy;
}

/** Issues a challenge to an attester, under the policy that applies to it now. Of too many open
 *  challenges the oldest are dropped: whoever asks often cannot keep the attester from asking.
 *  Where another policy applies than at the last round, what is kept of the boot is appraised again
 *  first. Problems: `attester.unknown`, `policy.none_active`, `policy.ambiguous`,
 *  `service.busy`. */
export async function issueChallenge(
  service: Service,
  attesterId: string,
): Promise<IssuedChallenge> {
  const { ports, policies, renewals } = service;
  const attester = await findAttester(ports, attesterId);
  const pinned = await policies.choose(attester.labels);
  const policy = await policies.compiled(pinned);
  const timeline = await renewals.upTo(attester.id, pinned);
  const issuedAt = ports.clock.now();
  const lifeMs = policy.freshness.challengeSeconds * 1000;
  const challenge = {
    id: ports.random.id(),
    attesterId: attester.id,
    nonce: ports.random.bytes(NONCE_BYTES),
    ...pinned,
    timelineVersion: timeline.version,
    ...startOf(timeline),
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + lifeMs),
  };
  await ports.challenges.issue(challenge, service.limits.openChallenges);
  return { challenge, policy };
}

/** Where the list should start: at the newest checkpoint, unless a round has asked for more since.
 *  So a host that has rebooted is asked for all of its list before anything of it is proven. */
function startOf({ state, nextIndex }: KeptTimeline): Pick<Challenge, 'fromIndex' | 'fromOffset'> {
  const checkpoints = state?.checkpoints ?? [];
  const start = checkpoints.find(({ index }) => index === nextIndex) ?? checkpoints[0];
  if (start === undefined || nextIndex === 0) return { fromIndex: 0, fromOffset: 0 };
  return { fromIndex: start.index, fromOffset: start.bytes };
}

/** What extraData of any TPM can carry, and far beyond guessing. */
const NONCE_BYTES = 32;
