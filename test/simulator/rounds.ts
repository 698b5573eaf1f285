// Leads a simulated host through its life and verifies each of its rounds as a service does: the
// state that a round leaves is given to the next, and no state left means that the old one stands.

import type { AcceptancePolicy } from '../../src/policy/acceptance.ts';
import { STRUCTURAL_POLICY } from '../../src/policy/structural.ts';
import type { Evidence } from '../../src/verify/evidence.ts';
import type { TimelineState } from '../../src/verify/timeline-state.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { verifyRound } from '../../src/verify/verify.ts';
import { hash } from '../property/list-writer.ts';
import type { Cut } from './agent.ts';
import { type Ask, type Event, type History, happen, hostOf, selectionOf } from './histories.ts';
import type { Round, RoundRequest, SimulatedHost } from './host.ts';

/** The verifier of one attester: what it remembers between rounds, and nothing else. */
export class RememberingVerifier {
  readonly policy: AcceptancePolicy;
  state: TimelineState | undefined;
  #rounds = 0;

  constructor(policy: AcceptancePolicy = STRUCTURAL_POLICY) {
    this.policy = policy;
  }

  /** A nonce that was not used before. */
  nonce(): Uint8Array {
    this.#rounds += 1;
    return hash('sha256', Uint8Array.of(this.#rounds & 0xff, this.#rounds >> 8)).slice(0, 20);
  }

  /** Judges evidence without remembering it. */
  judge(evidence: Evidence, segments: readonly Uint8Array[]) {
    const { policy, state } = this;
    return verifyRound(evidence, segments, { policy, ...(state ? { state } : {}) });
  }

  /** Judges evidence as the next round. What is stored between rounds is text. */
  verify(evidence: Evidence, segments: readonly Uint8Array[]): VerdictBody {
    const { verdict, state } = this.judge(evidence, segments);
    if (state !== undefined) this.state = JSON.parse(JSON.stringify(state));
    return verdict;
  }
}

/** A host somewhere in its life, and the verifier that has followed it. */
export interface Scene {
  readonly history: History;
  readonly host: SimulatedHost;
  readonly verifier: RememberingVerifier;
  /** Where the agent was told to start its list; 0 on a boot that was not attested yet. */
  readonly askedIndex: number;
}

/** A round of an honest host, as it was asked, answered and judged. */
export interface HonestRound {
  readonly ask: Ask;
  readonly round: Round;
  readonly verdict: VerdictBody;
  /** The checkpoint before the round: how many records of this boot were proven. */
  readonly checkpointIndex: number;
}

/** Lives through `history` and shows each round to `see`. */
export function live(
  history: History,
  policy: AcceptancePolicy,
  see: (round: HonestRound, scene: Scene) => void,
): Scene {
  const host = hostOf(history);
  const verifier = new RememberingVerifier(policy);
  let askedIndex = 0;
  for (const step of history.steps) {
    if (step.event !== 'round') {
      happen(host, step);
      if (isBoot(step)) askedIndex = 0;
      continue;
    }
    const scene = { history, host, verifier, askedIndex };
    const round = host.evidence(requestOf(scene, step));
    const verdict = verifier.verify(round.evidence, round.segments);
    see({ ask: step, round, verdict, checkpointIndex: askedIndex }, scene);
    askedIndex = verdict.next.fromIndex;
  }
  return { history, host, verifier, askedIndex };
}

/** How the agent answers the next challenge of a scene. */
export function requestOf(scene: Scene, ask: Ask): RoundRequest {
  const { history, host, verifier, askedIndex } = scene;
  return {
    nonce: verifier.nonce(),
    selection: selectionOf(history, ask),
    suppliesValues: ask.quotes !== 'ima-without-values',
    fromIndex: startOf(ask.start, askedIndex),
    pending: ask.pending,
    cuts: ask.cuts.map((cut) => writable(cut, host)),
  };
}

function startOf(start: Ask['start'], askedIndex: number): number {
  if (start === 'zero') return 0;
  return start === 'asked' ? askedIndex : Math.max(0, askedIndex - start);
}

/** The kernel shows a list file for each bank of the TPM, and always the SHA-1 one. */
function writable(cut: Cut, host: SimulatedHost): Cut {
  return host.tpm.banks.includes(cut.column) ? cut : { ...cut, column: 'sha1' };
}

function isBoot({ event }: Event): boolean {
  return event === 'reboot' || event === 'restart';
}
