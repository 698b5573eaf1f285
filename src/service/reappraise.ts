// A boot appraised again: its stored rounds in order, under another policy than they came under.
// Pure, so that a worker thread can do it; docs/api.md, "Policies".

import { ByteCollector } from '../bytes/byte-collector.ts';
import { fromBase64, fromHex } from '../bytes/encoding.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import type { Evidence } from '../verify/evidence.ts';
import type { TimelineState } from '../verify/timeline-state.ts';
import type { VerdictBody } from '../verify/verdict.ts';
import { beginVerification, type Verification } from '../verify/verify.ts';
import { readHead } from './evidence-document.ts';
import { storedDocument } from './stored-document.ts';
import { readTimelineState } from './timeline-schema.ts';

/** Stored evidence on its way into a re-appraisal: each round begins with its document, and its
 *  long parts follow in their order. */
export type EvidencePiece =
  | {
      readonly kind: 'round';
      /** As it is kept: JSON text. */
      readonly document: string;
      readonly receivedAtMs: number;
      /** Whether it moved the timeline when it came. */
      readonly moved: boolean;
    }
  | { readonly kind: 'bytes'; readonly part: string; readonly bytes: Uint8Array }
  /** The rest is not there. */
  | { readonly kind: 'missing'; readonly because: 'evidence-missing' | 'too-many-rounds' };

/** Why a boot cannot be appraised again. */
export const UNDERIVABLE = [
  /** Evidence of a round that counts is not kept (any more). */
  'evidence-missing',
  /** What is kept goes on from a round that is not. */
  'boot-incomplete',
  /** What is kept cannot be read by this version. */
  'evidence-unreadable',
  /** Evidence that moved the timeline then is not enough for this policy, which asks for more. */
  'round-insufficient',
  /** Too long to be read again. */
  'too-many-rounds',
] as const;
export type Underivable = (typeof UNDERIVABLE)[number];

/** What an attester's boot comes to under a policy. */
export type Reappraisal =
  | {
      readonly derivable: true;
      /** What the next round goes on from; undefined where nothing is proven. */
      readonly state: TimelineState | undefined;
      /** Of the last round. */
      readonly verdict: VerdictBody;
    }
  | {
      readonly derivable: false;
      readonly because: Underivable;
      /** Codes of the round that is not enough. */
      readonly codes: readonly string[];
    };

/** Appraises the rounds of a boot again, oldest first. The first one must have begun the boot. Each
 *  verdict is shown to `onVerdict` as it comes. Never throws because of evidence. */
export async function reappraise(
  pieces: AsyncIterable<EvidencePiece>,
  policy: AcceptancePolicy,
  onVerdict: (verdict: VerdictBody) => void = () => {},
): Promise<Reappraisal> {
  const boot = new BootRun(policy, onVerdict);
  for await (const piece of pieces) {
    const failed = boot.take(piece);
    if (failed !== undefined) return failed;
  }
  return boot.end();
}

/** The rounds up to now, and the one that is being read. */
class BootRun {
  readonly #policy: AcceptancePolicy;
  readonly #onVerdict: (verdict: VerdictBody) => void;
  #round: RoundRun | undefined;
  #state: TimelineState | undefined;
  #verdict: VerdictBody | undefined;

  constructor(policy: AcceptancePolicy, onVerdict: (verdict: VerdictBody) => void) {
    this.#policy = policy;
    this.#onVerdict = onVerdict;
  }

  /** Goes on; answers only when it cannot. */
  take(piece: EvidencePiece): Reappraisal | undefined {
    if (piece.kind === 'missing') return underivable(piece.because);
    if (piece.kind === 'bytes') {
      this.#round?.push(piece.part, piece.bytes);
      return undefined;
    }
    const failed = this.#endRound();
    if (failed !== undefined) return failed;
    const round = readRound(piece);
    if (round === undefined) return underivable('evidence-unreadable');
    // The boot before this one tells what is new about it: counters, firmware, a restart.
    const known = this.#verdict === undefined ? round.before : this.#state;
    this.#round = new RoundRun(round, { policy: this.#policy, known });
    return undefined;
  }

  end(): Reappraisal {
    const failed = this.#endRound();
    if (failed !== undefined) return failed;
    if (this.#verdict === undefined) return underivable('evidence-missing');
    return { derivable: true, state: this.#state, verdict: this.#verdict };
  }

  #endRound(): Reappraisal | undefined {
    const round = this.#round;
    this.#round = undefined;
    if (round === undefined) return undefined;
    if (!round.isWhole) return underivable('evidence-missing');
    const isFirst = this.#verdict === undefined;
    const { verdict, stateAfter } = round.conclude();
    this.#verdict = verdict;
    this.#onVerdict(verdict);
    if (!round.moved) return undefined;
    if (stateAfter === undefined) {
      return underivable('round-insufficient', Object.keys(verdict.findingCounts));
    }
    const earlier = round.known?.boot.number ?? 0;
    if (isFirst && stateAfter.boot.number === earlier) return underivable('boot-incomplete');
    this.#state = stateAfter;
    return undefined;
  }
}

interface StoredRound {
  readonly evidence: Omit<Evidence, 'bootLog'>;
  readonly segments: number;
  readonly moved: boolean;
  /** What the round went on from when it came. */
  readonly before: TimelineState | undefined;
}

/** One round: the boot log is gathered, then the segments are verified as they come. */
class RoundRun {
  readonly #round: StoredRound;
  readonly #policy: AcceptancePolicy;
  readonly #parts = new Set<string>();
  #bootLog: ByteCollector | undefined;
  #verification: Verification | undefined;
  readonly known: TimelineState | undefined;

  constructor(
    round: StoredRound,
    under: { readonly policy: AcceptancePolicy; readonly known: TimelineState | undefined },
  ) {
    this.#round = round;
    this.#policy = under.policy;
    this.known = under.known;
  }

  get moved(): boolean {
    return this.#round.moved;
  }

  /** Whether every segment that the round claims has come. */
  get isWhole(): boolean {
    return this.#parts.size === this.#round.segments;
  }

  push(part: string, bytes: Uint8Array): void {
    const [, segment] = SEGMENT.exec(part) ?? [];
    if (segment === undefined) {
      this.#bootLog ??= new ByteCollector();
      this.#bootLog.add(bytes);
      return;
    }
    this.#parts.add(part);
    this.#begun().push(Number(segment), bytes);
  }

  conclude(): { readonly verdict: VerdictBody; readonly stateAfter: TimelineState | undefined } {
    const verification = this.#begun();
    const verdict = verification.conclude();
    return { verdict, stateAfter: verification.stateAfter };
  }

  #begun(): Verification {
    const bootLog = this.#bootLog === undefined ? {} : { bootLog: this.#bootLog.take() };
    this.#bootLog = undefined;
    const evidence = { ...this.#round.evidence, ...bootLog };
    this.#verification ??= beginVerification(evidence, this.#policy, this.known);
    return this.#verification;
  }
}

function readRound(piece: EvidencePiece & { readonly kind: 'round' }): StoredRound | undefined {
  const parsed = storedDocument.safeParse(JSON.parse(piece.document));
  if (!parsed.success) return undefined;
  const { ak, akBinding, nonce, timeline, ...body } = parsed.data;
  const reading = readHead(body);
  const before = timeline === undefined ? undefined : readTimelineState(timeline);
  const [keyBytes, nonceBytes] = [fromBase64(ak.bytes), fromHex(nonce)];
  if (keyBytes === undefined || nonceBytes === undefined) return undefined;
  if (!reading.ok || before?.ok === false) return undefined;
  const evidence: Evidence = {
    ...reading.head.claims,
    ak: { bytes: keyBytes, encoding: ak.encoding },
    ...(akBinding === undefined ? {} : { akBinding }),
    nonce: nonceBytes,
    receivedAtMs: piece.receivedAtMs,
  };
  const segments = evidence.ima?.segments.length ?? 0;
  return { evidence, segments, moved: piece.moved, before: before?.state };
}

function underivable(because: Underivable, codes: readonly string[] = []): Reappraisal {
  return { derivable: false, because, codes };
}

const SEGMENT = /^segment-(\d+)$/;
