// What a thread does: each export is one kind of work. The core knows nothing of threads; this file
// hands it evidence that comes through a port. docs/decisions/0020-worker-threads.md

import type { MessagePort } from 'node:worker_threads';
import type { PolicyPackage } from '../service/policy-package.ts';
import { type Proposal, proposeEntries } from '../service/propose-entries.ts';
import { type Reappraisal, reappraise as reappraiseBoot } from '../service/reappraise.ts';
import { askForPieces } from './pieces-port.ts';
import { CompiledPolicies } from './policies.ts';

/** Work as it is posted to a thread. */
export interface PostedWork {
  readonly policy: PolicyPackage;
  /** Where to ask for the evidence. */
  readonly port: MessagePort;
}

/** Appraises a boot again. */
export function reappraise({ policy, port }: PostedWork): Promise<Reappraisal> {
  return withPort(port, () => reappraiseBoot(askForPieces(port), policies.get(policy)));
}

/** Appraises a boot again for what its policy has no rule for. */
export function propose({ policy, port }: PostedWork): Promise<Proposal> {
  return withPort(port, () => proposeEntries(askForPieces(port), policies.get(policy)));
}

async function withPort<T>(port: MessagePort, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    port.close();
  }
}

const policies = new CompiledPolicies();
