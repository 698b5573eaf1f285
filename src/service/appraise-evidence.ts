// From evidence to a stored verdict: the list is verified while it arrives, as the next round of
// its attester; one transaction spends the challenge and keeps the answer. docs/api.md, "Evidence"

import { ByteCollector } from '../bytes/byte-collector.ts';
import { toBase64, toHex } from '../bytes/encoding.ts';
import { BOOT_LIMITS } from '../bytes/limits.ts';
import type { AcceptancePolicy } from '../policy/acceptance.ts';
import type { TimelineState } from '../verify/timeline-state.ts';
import type { Verdict } from '../verify/verdict.ts';
import { beginVerification, type Verification } from '../verify/verify.ts';
import { findAttester } from './enroll-attester.ts';
import type { EvidenceHead } from './evidence-document.ts';
import type { Attester, Challenge, EvidenceDraft, EvidencePart } from './ports.ts';
import { Problem } from './problem.ts';
import type { Service } from './service.ts';

/** Opens the appraisal that answers a challenge, before any evidence is read. Problems:
 *  `challenge.unknown`, `challenge.spent`, `challenge.expired`, `round.overtaken`,
 *  `service.busy`. */
export async function openAppraisal(service: Service, challengeId: string): Promise<Appraisal> {
  const leave = service.gate.enter();
  try {
    const challenge = await spendableChallenge(service, challengeId);
    const attester = await findAttester(service.ports, challenge.attesterId);
    const { version, state } = await service.ports.timelines.find(attester.id);
    // A quote made before that of a finished round would only look like a clock that went back.
    if (version !== challenge.timelineVersion) throw overtaken();
    const policy = await service.policies.compiled(challenge);
    return new Appraisal(service, { challenge, attester, state, policy, leave });
  } catch (error) {
    leave();
    throw error;
  }
}

interface Subject {
  readonly challenge: Challenge;
  readonly attester: Attester;
  /** What is proven of the attester so far; undefined at first contact. */
  readonly state: TimelineState | undefined;
  readonly policy: AcceptancePolicy;
  /** Gives the place in the gate back. */
  readonly leave: () => void;
}

/** One appraisal. Call in order: `accept` once, `addBootLog`, `push`, `conclude`; and `end` in
 *  every case. Whatever is thrown on the way, there is no verdict and the challenge stays open. */
export class Appraisal {
  readonly #service: Service;
  readonly #subject: Subject;
  #head: EvidenceHead | undefined;
  #receivedAt: Date | undefined;
  #draft: EvidenceDraft | undefined;
  #bootLog: ByteCollector | undefined;
  #verification: Verification | undefined;
  #sizeBytes = 0;

  constructor(service: Service, subject: Subject) {
    this.#service = service;
    this.#subject = subject;
  }

  /** Takes the head. This is the moment by which the challenge must not have expired: the quote
   *  exists, however long its list takes to arrive. */
  accept(head: EvidenceHead): void {
    const { evidence, clock } = this.#service.ports;
    this.#head = head;
    this.#receivedAt = clock.now();
    this.#draft = evidence.begin(this.#subject.challenge, this.#receivedAt);
  }

  /** Adds bytes of the boot event log. Problem: `limit.exceeded`. */
  async addBootLog(window: Uint8Array): Promise<void> {
    this.#bootLog ??= new ByteCollector();
    this.#bootLog.add(window);
    await this.#keep('boot-log', window);
    if (this.#sizeBytes > BOOT_LIMITS.logBytes) throw tooLarge('event log', BOOT_LIMITS.logBytes);
  }

  /** Adds bytes of segment number `segment`, counted from 0; segments come in order. Problem:
   *  `limit.exceeded`. */
  async push(segment: number, window: Uint8Array): Promise<void> {
    this.#verification ??= this.#begin();
    await this.#keep(`segment-${segment}`, window);
    this.#verification.push(segment, window);
  }

  /** Ends the evidence and decides. Problems: `challenge.spent`, `challenge.expired`,
   *  `challenge.unknown`, `round.overtaken`, where another came first. */
  async conclude(): Promise<Verdict> {
    this.#verification ??= this.#begin();
    const { ports } = this.#service;
    const { challenge, policy } = this.#subject;
    const [draft, receivedAt] = [this.#draft, this.#receivedAt];
    if (draft === undefined || receivedAt === undefined) throw new Error('no head was accepted');
    const body = this.#verification.conclude();
    const { stateAfter } = this.#verification;
    const at = ports.clock.now();
    const verdict: Verdict = {
      id: ports.random.id(),
      attesterId: challenge.attesterId,
      at: at.toISOString(),
      expiresAt: new Date(at.getTime() + policy.freshness.verdictSeconds * 1000).toISOString(),
      ...body,
    };
    const document = JSON.stringify(this.#document());
    if (await draft.settle({ challenge, verdict, stateAfter, receivedAt, document })) {
      this.#draft = undefined;
      return verdict;
    }
    await spendableChallenge(this.#service, challenge.id);
    throw overtaken();
  }

  /** Ends the appraisal: what was not settled is forgotten. */
  async end(): Promise<void> {
    this.#subject.leave();
    const draft = this.#draft;
    this.#draft = undefined;
    await draft?.abandon();
  }

  #begin(): Verification {
    const [head, receivedAt] = [this.#head, this.#receivedAt];
    if (head === undefined || receivedAt === undefined) throw new Error('no head was accepted');
    const { attester, challenge, policy, state } = this.#subject;
    const bootLog = this.#bootLog === undefined ? {} : { bootLog: this.#bootLog.take() };
    const evidence = {
      ...head.claims,
      ...bootLog,
      ak: attester.ak,
      akBinding: attester.binding,
      nonce: challenge.nonce,
      receivedAtMs: receivedAt.getTime(),
    };
    return beginVerification(evidence, policy, state);
  }

  async #keep(part: EvidencePart, window: Uint8Array): Promise<void> {
    const { evidenceBytes } = this.#service.limits;
    this.#sizeBytes += window.byteLength;
    if (this.#sizeBytes > evidenceBytes) throw tooLarge('evidence', evidenceBytes);
    if (this.#draft === undefined) throw new Error('no head was accepted');
    await this.#draft.write(part, window);
  }

  /** What is kept beside the long parts: enough to derive the verdict again. */
  #document(): Readonly<Record<string, unknown>> {
    const { attester, challenge, state } = this.#subject;
    const before = state === undefined ? {} : { timeline: state };
    const ak = { bytes: toBase64(attester.ak.bytes), encoding: attester.ak.encoding };
    const { binding: akBinding } = attester;
    return { ak, akBinding, nonce: toHex(challenge.nonce), ...before, ...this.#head?.document };
  }
}

async function spendableChallenge(service: Service, id: string): Promise<Challenge> {
  const challenge = await service.ports.challenges.find(id);
  if (challenge === undefined) {
    const detail = 'No challenge has this id. It may have been dropped: ask for a new one.';
    throw new Problem('challenge.unknown', detail);
  }
  if (challenge.spentAt !== null) {
    const detail =
      'This challenge was answered already, and a nonce counts once: ask for a new one.';
    throw new Problem('challenge.spent', detail);
  }
  if (challenge.expiresAt <= service.ports.clock.now()) throw expired();
  return challenge;
}

function expired(): Problem {
  return new Problem('challenge.expired', 'This challenge has expired: ask for a new one.');
}

function overtaken(): Problem {
  const detail =
    'Another round of this attester finished since this challenge was issued: ask for a new ' +
    'challenge, quote again, and send the list from where the new challenge says.';
  return new Problem('round.overtaken', detail);
}

function tooLarge(what: string, capBytes: number): Problem {
  const detail = `The ${what} has more than ${capBytes} bytes, which is the limit here.`;
  return new Problem('limit.exceeded', detail);
}
