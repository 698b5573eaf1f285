// The policies that a thread has compiled: each once, however many pieces of work name it.

import type { AcceptancePolicy } from '../policy/acceptance.ts';
import { openPackage, type PolicyPackage } from '../service/policy-package.ts';

/** Keeps the policies that were used last. */
export class CompiledPolicies {
  readonly #kept = new Map<string, AcceptancePolicy>();

  /** The policy in a package, compiled now unless it is kept. */
  get(policy: PolicyPackage): AcceptancePolicy {
    const compiled = this.#kept.get(policy.key) ?? openPackage(policy);
    // A map iterates in order of insertion: moved to its end, it is the last to go.
    this.#kept.delete(policy.key);
    this.#kept.set(policy.key, compiled);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    return compiled;
  }
}

/** The active ones and a trial's; sets lie in memory that all threads share. */
const KEPT = 16;
