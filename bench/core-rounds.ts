// The core by itself: what 20 new records cost after histories of different lengths, and what a
// list costs that is seen for the first time. No database: state in, evidence in, state out.

import { FILE_LIMITS } from '../src/bytes/limits.ts';
import { STRUCTURAL_POLICY } from '../src/policy/structural.ts';
import type { Evidence } from '../src/verify/evidence.ts';
import type { TimelineState } from '../src/verify/timeline-state.ts';
import { beginVerification, verifyRound } from '../src/verify/verify.ts';
import { historyRounds, NEW_RECORDS } from './histories.ts';
import type { MadeList } from './list-maker.ts';
import { type MadeAttester, makeAttester } from './made-attester.ts';
import { cpuMicrosOfEach, requireAffirming } from './measure.ts';

/** What was found for one history. */
export interface CoreFigures {
  readonly records: number;
  /** Processor time of a round with 20 new records, without reading or writing the state. */
  readonly roundMicros: number;
  /** Of the state behind the history, as JSON. */
  readonly stateBytes: number;
  /** Processor time of the whole list at first contact, for each record. */
  readonly firstContactNanos: number;
}

/** Measures histories of so many records, each of them a prefix of `list`. */
export async function measureCore(
  list: MadeList,
  histories: readonly number[],
): Promise<readonly CoreFigures[]> {
  const host: Host = { list, attester: makeAttester(list) };
  const states = histories.map((records) => stateBehind(host, records));
  const rounds = histories.map((from, at) => roundWork(host, from, states[at]));
  const roundMicros = await cpuMicrosOfEach(rounds, { warmUp: 3, samples: 101, calls: 10 });
  const figures: CoreFigures[] = [];
  for (const [at, records] of histories.entries()) {
    const [micros = 0] = await cpuMicrosOfEach([firstContactWork(host, records)], {
      warmUp: 1,
      samples: 3,
      calls: Math.max(1, 20_000 / records),
    });
    figures.push({
      records,
      roundMicros: roundMicros[at] ?? 0,
      stateBytes: Buffer.byteLength(JSON.stringify(states[at])),
      firstContactNanos: (micros * 1000) / records,
    });
  }
  return figures;
}

/** An attester and the list that its history is a prefix of. */
interface Host {
  readonly list: MadeList;
  readonly attester: MadeAttester;
}

/** The state behind a history that was told round by round. */
function stateBehind(host: Host, records: number): TimelineState {
  let state: TimelineState | undefined;
  let from = 0;
  for (const to of historyRounds(records)) {
    const sent = host.list.records(from, to);
    const evidence = evidenceOf(host, from, to);
    const round = verifyRound(evidence, [sent], { policy: STRUCTURAL_POLICY, state });
    requireAffirming(round.verdict);
    state = round.state;
    from = to;
  }
  if (state === undefined) throw new Error('a history has at least one round');
  return state;
}

/** One round of 20 new records behind `from`; the same one again at every call. */
function roundWork(host: Host, from: number, state?: TimelineState): () => void {
  const to = from + NEW_RECORDS;
  const sent = host.list.records(from, to);
  const evidence = evidenceOf(host, from, to);
  const under = { policy: STRUCTURAL_POLICY, state };
  return () => requireAffirming(verifyRound(evidence, [sent], under).verdict);
}

/** The whole list, in windows of the size in which files are read. */
function firstContactWork(host: Host, records: number): () => void {
  const sent = host.list.records(0, records);
  const evidence = evidenceOf(host, 0, records);
  return () => {
    const verification = beginVerification(evidence, STRUCTURAL_POLICY);
    for (let at = 0; at < sent.byteLength; at += FILE_LIMITS.windowBytes) {
      verification.push(0, sent.subarray(at, at + FILE_LIMITS.windowBytes));
    }
    requireAffirming(verification.conclude());
  };
}

function evidenceOf({ attester }: Host, from: number, to: number): Evidence {
  const { claims } = attester.attest({ from, to, nonce: NONCE });
  return { ...claims, ak: attester.ak, nonce: NONCE };
}

const NONCE = new Uint8Array(32).fill(0x5a);
