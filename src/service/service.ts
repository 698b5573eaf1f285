// What the use cases of attestation share: the ports, the policies made ready, and the bounds.

import { PolicyCatalog } from './policy-catalog.ts';
import type { Ports } from './ports.ts';
import { Problem } from './problem.ts';
import { TimelineRenewals } from './renew-timeline.ts';
import { TrustShelf } from './trust-anchors.ts';

/** Bounds that an operator may set. */
export interface ServiceLimits {
  /** All parts of one evidence together. */
  readonly evidenceBytes: number;
  readonly referenceSetBytes: number;
  /** Appraisals that run at once in this instance; more are told to come back. */
  readonly appraisals: number;
  /** Open challenges of one attester. */
  readonly openChallenges: number;
}

/** The service: one for each running instance. */
export interface Service {
  readonly ports: Ports;
  readonly policies: PolicyCatalog;
  readonly trust: TrustShelf;
  readonly renewals: TimelineRenewals;
  readonly limits: ServiceLimits;
  readonly gate: AppraisalGate;
}

/** Puts the service together on its ports. */
export function makeService(ports: Ports, limits: ServiceLimits): Service {
  const gate = new AppraisalGate(limits.appraisals);
  const policies = new PolicyCatalog(ports);
  const renewals = new TimelineRenewals(ports, policies);
  return { ports, policies, trust: new TrustShelf(ports), renewals, limits, gate };
}

/** Lets so many appraisals in at once. */
class AppraisalGate {
  readonly #places: number;
  #taken = 0;

  constructor(places: number) {
    this.#places = places;
  }

  /** Takes a place and answers how to give it back. Problem: `service.busy`. */
  enter(): () => void {
    if (this.#taken >= this.#places) {
      throw new Problem('service.busy', {
        detail: 'Every place for an appraisal is taken. Send the evidence again in a moment.',
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    this.#taken += 1;
    let left = false;
    return () => {
      if (!left) this.#taken -= 1;
      left = true;
    };
  }
}

const RETRY_SECONDS = 2;
