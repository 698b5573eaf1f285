// Entries for a reference set, learned from a host: files that it measured and that no rule of its
// policy speaks of. Nobody vouches for them but that host. docs/policy.md, "Learning from a host"

import { toHex, utf8Text } from '../bytes/encoding.ts';
import { REAPPRAISAL_LIMITS } from '../bytes/limits.ts';
import type { AcceptancePolicy, Measurement } from '../policy/acceptance.ts';
import { parseDigest } from '../policy/reference-set-ndjson.ts';
import type { VerdictBody } from '../verify/verdict.ts';
import { type EvidencePiece, type Reappraisal, reappraise } from './reappraise.ts';

/** An entry as a reference set has it: bound to its path. */
export interface ProposedEntry {
  /** Algorithm, a colon, and hex. */
  readonly digest: string;
  readonly path: string;
}

/** What a host's boot proposes, and what it cannot. */
export interface Proposal {
  readonly result: Reappraisal;
  /** Each once, in the order of the list. */
  readonly entries: readonly ProposedEntry[];
  /** Distinct measurements that no rule speaks of and no entry can name: buffers, names that are no
   *  absolute path in UTF-8, indices at which different records were read, and what is above the
   *  cap. */
  readonly left: number;
}

/** Appraises a boot again and gathers the proven measurements that no rule matches. */
export async function proposeEntries(
  pieces: AsyncIterable<EvidencePiece>,
  policy: AcceptancePolicy,
): Promise<Proposal> {
  const gathered = new Gatherer();
  const watched = watch(policy, (measurement) => gathered.add(measurement));
  const result = await reappraise(pieces, watched, (verdict) => gathered.endRound(verdict));
  return { result, entries: gathered.entries, left: gathered.left };
}

/** The same policy, which tells of every measurement that it has no rule for. */
function watch(
  policy: AcceptancePolicy,
  onUnmatched: (measurement: Measurement) => void,
): AcceptancePolicy {
  if (policy.ima === 'not-required' || policy.ima.measurements === 'any') return policy;
  const rules = policy.ima.measurements;
  const measurements = {
    judge: (measurement: Measurement) => {
      const judgement = rules.judge(measurement);
      if (judgement.ruling === undefined) onUnmatched(measurement);
      return judgement;
    },
    expectation: (measurement: Measurement) => rules.expectation(measurement),
  };
  return { ...policy, ima: { ...policy.ima, measurements } };
}

/** Records are judged before it is known which of them the quote proves. */
class Gatherer {
  readonly #entries = new Map<string, ProposedEntry>();
  readonly #left = new Set<string>();
  /** Of the round that is being read, by absolute index. */
  #round = new Map<number, Measured>();

  get entries(): readonly ProposedEntry[] {
    return [...this.#entries.values()];
  }

  get left(): number {
    return this.#left.size;
  }

  add(measurement: Measurement): void {
    const measured = entryOf(measurement);
    const before = this.#round.get(measurement.index);
    // One list read in two ways, which disagree: neither is proposed.
    const isSure = before === undefined || before.key === measured.key;
    this.#round.set(measurement.index, isSure ? measured : { key: measured.key });
  }

  endRound({ coverage }: VerdictBody): void {
    const proven = coverage.ima?.provenCount ?? 0;
    for (const [index, { key, entry }] of this.#round) {
      if (index >= proven || this.#entries.has(key)) continue;
      if (entry === undefined || this.#entries.size >= REAPPRAISAL_LIMITS.proposals) {
        if (this.#left.size < REAPPRAISAL_LIMITS.proposals) this.#left.add(key);
      } else {
        this.#entries.set(key, entry);
      }
    }
    this.#round = new Map();
  }
}

interface Measured {
  /** Equal for equal digests and names. */
  readonly key: string;
  /** Absent where no entry can say it. */
  readonly entry?: ProposedEntry;
}

function entryOf({ kind, name, algorithm, digest }: Measurement): Measured {
  const value = `${algorithm}:${toHex(digest)}`;
  const path = utf8Text(name);
  const key = `${value} ${toHex(name)}`;
  const isFile = kind === 'file' && path?.startsWith('/') === true;
  const canBeSaid = isFile && parseDigest(value) !== undefined;
  return canBeSaid ? { key, entry: { digest: value, path } } : { key };
}
