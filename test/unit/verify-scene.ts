// A simulated host and the verifier that remembers it, for tests of whole rounds: the quote is
// always genuine, and a test says which records are sent, in which segments.

import type { ImaAcceptance } from '../../src/policy/acceptance.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence, ImaClaim } from '../../src/verify/evidence.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { join } from '../property/list-writer.ts';
import { type HostOptions, type Round, SimulatedHost } from '../simulator/host.ts';
import type { ListRecord } from '../simulator/records.ts';
import { RememberingVerifier } from '../simulator/rounds.ts';
import type { Selection } from '../simulator/tpm.ts';

const { ima: STRUCTURAL_IMA } = STRUCTURAL_POLICY;

/** The structural policy with other rules for the list. */
export function policyWith(ima: Partial<ImaAcceptance>): typeof STRUCTURAL_POLICY {
  if (STRUCTURAL_IMA === 'not-required') throw new Error('the structural policy asks for a list');
  return { ...STRUCTURAL_POLICY, ima: { ...STRUCTURAL_IMA, ...ima } };
}

/** Accepts every measurement but files below /bad. */
export const STRICT_POLICY = policyWith({
  measurements: {
    judge: ({ name }) => {
      const isBad = Buffer.from(name).toString('latin1').startsWith('/bad/');
      return { ruling: { then: isBad ? 'refuse' : 'accept', rule: 'bad' }, remarks: [] };
    },
    expectation: () => 'anything else',
  },
});

/** What is sent beside the quote. */
export interface SentList extends Partial<Omit<ImaClaim, 'segments'>> {
  /** Segments, oldest first. */
  readonly pieces: readonly (readonly ListRecord[])[];
}

/** A host, its verifier, and their rounds. */
export class AttestedHost {
  readonly host: SimulatedHost;
  readonly verifier: RememberingVerifier;
  /** What the verifier's clock says; undefined for a verifier without one. */
  nowMs: number | undefined;
  selection: Selection = [{ bank: 'sha256', pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }];

  constructor(policy = STRUCTURAL_POLICY, options: HostOptions = {}) {
    this.host = new SimulatedHost(options);
    this.verifier = new RememberingVerifier(policy);
  }

  /** Absolute index behind the newest checkpoint. */
  get provenIndex(): number {
    return this.verifier.state?.checkpoints[0]?.index ?? 0;
  }

  /** The boot's records, those at `from` up to `to`. */
  records(from = 0, to?: number): readonly ListRecord[] {
    return this.host.ledger.slice(from, to);
  }

  /** Quotes, and sends everything that the agent holds from `fromIndex` on. */
  attest(fromIndex = 0): VerdictBody {
    const round = this.#round(fromIndex);
    const clock = this.nowMs === undefined ? {} : { receivedAtMs: this.nowMs };
    return this.verifier.verify({ ...round.evidence, ...clock }, round.segments);
  }

  /** Quotes, and sends `list` instead of what the agent would send. */
  send({ pieces, ...claim }: SentList): VerdictBody {
    return this.verifier.verify(...this.#evidence({ pieces, ...claim }));
  }

  /** Quotes, and sends no list at all. */
  sendNothing(): VerdictBody {
    const { ima: _, ...evidence } = this.#round(0).evidence;
    return this.verifier.verify(evidence, []);
  }

  #evidence({ pieces, ...claim }: SentList): [Evidence, readonly Uint8Array[]] {
    const { evidence } = this.#round(0);
    const segments = pieces.map(() => SEGMENT);
    const bytes = pieces.map((piece) => join(...piece.map((record) => record.bytes('sha1'))));
    return [{ ...evidence, ima: { fromIndex: 0, ...claim, segments } }, bytes];
  }

  #round(fromIndex: number): Round {
    const { selection, verifier } = this;
    return this.host.evidence({ nonce: verifier.nonce(), selection, fromIndex });
  }
}

/** The findings of one code. */
export function findingsOf({ findings }: VerdictBody, code: string) {
  return findings.filter((finding) => finding.code === code);
}

/** Codes of the findings that bear on the status. */
export function graveCodes({ findings }: VerdictBody): readonly string[] {
  return findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code);
}

const SEGMENT = { kind: 'archived', encoding: 'binary', digestColumn: 'sha1' } as const;
