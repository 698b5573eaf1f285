// The lines of a reference set that a host's boot proposes: trusted on first use, and marked so,
// for somebody to look at and upload. docs/policy.md, "Learning from a host"

import { ndjsonHead } from '../policy/reference-set-ndjson.ts';
import { findAttester } from './enroll-attester.ts';
import { Problem } from './problem.ts';
import type { Service } from './service.ts';
import { roundsToRead, storedPieces } from './stored-rounds.ts';

/** A proposed set. */
export interface ProposedSet {
  /** NDJSON, as an upload of a reference set reads it; the first line says the basis. */
  readonly lines: readonly string[];
  /** Measurements without a rule that no entry can name. */
  readonly left: number;
}

/** What an attester's boot has measured and its policy has no rule for. Problems:
 *  `attester.unknown`, `policy.none_active`, `policy.ambiguous`, `evidence.unknown` where what is
 *  stored of the boot is not whole, `service.busy`. */
export async function proposeSet(service: Service, attesterId: string): Promise<ProposedSet> {
  const { ports, policies } = service;
  const { id, labels } = await findAttester(ports, attesterId);
  const policy = await policies.packed(await policies.choose(labels));
  const rounds = await roundsToRead(ports, id);
  const pieces = storedPieces(
    ports,
    rounds.filter(({ moved }) => moved),
  );
  const { result, entries, left } = await ports.workers.propose({ policy, pieces, share: 'trial' });
  if (result.derivable) {
    const head = ndjsonHead({ basis: 'trusted-on-first-use' });
    return { lines: [head, ...entries.map((entry) => JSON.stringify(entry))], left };
  }
  const detail = `The stored evidence of this boot does not suffice (${result.because}).`;
  throw new Problem('evidence.unknown', detail);
}
