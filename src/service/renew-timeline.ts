// A timeline is brought up to the policy that speaks now: once for each change of policy, from the
// evidence that is kept of the boot. What an older policy found stays open only where that evidence
// does not suffice. docs/api.md, "Policies"

import { type PinnedPolicy, pinsKey } from './pinned-policy.ts';
import type { PolicyCatalog } from './policy-catalog.ts';
import type { Ports } from './ports.ts';
import { roundsToRead, storedPieces } from './stored-rounds.ts';
import type { KeptTimeline } from './timeline-store.ts';

/** Re-appraisals on behalf of attesters: those that ask at once share one. */
export class TimelineRenewals {
  readonly #ports: Ports;
  readonly #policies: PolicyCatalog;
  readonly #running = new Map<string, Promise<void>>();

  constructor(ports: Ports, policies: PolicyCatalog) {
    this.#ports = ports;
    this.#policies = policies;
  }

  /** The timeline of an attester, as the pinned policy sees it where that can be found out. Costs
   *  nothing where nothing changed. Problem: `service.busy`. */
  async upTo(attesterId: string, pinned: PinnedPolicy): Promise<KeptTimeline> {
    const kept = await this.#ports.timelines.find(attesterId);
    const wanted = pinsKey(pinned);
    const isCurrent = kept.under !== undefined && pinsKey(kept.under) === wanted;
    if (kept.version === 0 || isCurrent) return kept;
    await this.#once(`${attesterId} ${wanted}`, () => this.#renew(attesterId, kept, pinned));
    // Renewed, or moved by a round that came meanwhile: then it is the turn of the next challenge.
    const renewed = await this.#ports.timelines.find(attesterId);
    const isNext = renewed.version === kept.version + 1;
    return isNext ? { ...renewed, nextIndex: renewed.nextIndex ?? kept.nextIndex } : renewed;
  }

  async #renew(attesterId: string, kept: KeptTimeline, pinned: PinnedPolicy): Promise<void> {
    const ports = this.#ports;
    const rounds = await roundsToRead(ports, attesterId);
    // The timeline follows from the rounds that moved it; whatever came last may not have.
    const pieces = storedPieces(
      ports,
      rounds.filter(({ moved }) => moved),
    );
    const policy = await this.#policies.packed(pinned);
    const result = await ports.workers.reappraise({ policy, pieces, share: 'attestation' });
    const state = result.derivable ? result.state : undefined;
    const at = ports.clock.now();
    await ports.timelines.renew({ attesterId, version: kept.version, under: pinned, state, at });
  }

  #once(key: string, work: () => Promise<void>): Promise<void> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
