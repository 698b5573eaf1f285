// What the use cases of attestation share: the ports, the policies made ready, and the bounds.

import { REAPPRAISAL_LIMITS } from '../bytes/limits.ts';
import { PolicyCatalog } from './policy-catalog.ts';
import type { Ports } from './ports.ts';
import { Problem, type ProblemDetail } from './problem.ts';
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
  readonly gate: Gate;
  readonly trialGate: Gate;
}

/** Puts the service together on its ports. */
export function makeService(ports: Ports, limits: ServiceLimits): Service {
  const gate = new Gate(limits.appraisals, {
    detail: 'Every place for an appraisal is taken. Send the evidence again in a moment.',
    retryAfterSeconds: RETRY_SECONDS,
  });
  const trialGate = new Gate(REAPPRAISAL_LIMITS.trials, {
    detail: 'Other trials are running. Begin this one when they are done.',
    retryAfterSeconds: TRIAL_RETRY_SECONDS,
  });
  const policies = new PolicyCatalog(ports);
  const renewals = new TimelineRenewals(ports, policies);
  return { ports, policies, trust: new TrustShelf(ports), renewals, limits, gate, trialGate };
}

/** Lets so many in at once. */
class Gate {
  readonly #places: number;
  readonly #refusal: ProblemDetail;
  #taken = 0;

  constructor(places: number, refusal: ProblemDetail) {
    this.#places = places;
    this.#refusal = refusal;
  }

  /** Takes a place and answers how to give it back. Problem: `service.busy`. */
  enter(): () => void {
    if (this.#taken >= this.#places) throw new Problem('service.busy', this.#refusal);
    this.#taken += 1;
    let left = false;
    return () => {
      if (!left) this.#taken -= 1;
      left = true;
    };
  }
}

const RETRY_SECONDS = 2;
const TRIAL_RETRY_SECONDS = 30;
