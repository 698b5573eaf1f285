// The stored evidence of an attester as a stream: however long a boot is, a few windows of it are
// in memory at a time. docs/api.md, "Policies"

import { REAPPRAISAL_LIMITS } from '../bytes/limits.ts';
import type { Ports } from './ports.ts';
import type { EvidencePiece } from './reappraise.ts';
import type { HistoryRound } from './timeline-store.ts';

/** The rounds that a re-appraisal of the attester has to read: one more than it may, at most. */
export function roundsToRead(ports: Ports, attesterId: string): Promise<HistoryRound[]> {
  return ports.timelines.history(attesterId, REAPPRAISAL_LIMITS.rounds + 1);
}

/** Their evidence, round by round. */
export async function* storedPieces(
  ports: Ports,
  rounds: readonly HistoryRound[],
): AsyncIterable<EvidencePiece> {
  if (rounds.length > REAPPRAISAL_LIMITS.rounds) {
    yield { kind: 'missing', because: 'too-many-rounds' };
    return;
  }
  for (const { verdictId, moved } of rounds) {
    const stored = await ports.evidence.ofVerdict(verdictId);
    if (stored === undefined) {
      yield { kind: 'missing', because: 'evidence-missing' };
      return;
    }
    const receivedAtMs = stored.receivedAt.getTime();
    yield { kind: 'round', document: stored.document, receivedAtMs, moved };
    for (const { part } of stored.parts) {
      for await (const bytes of ports.evidence.read(stored, part)) {
        yield { kind: 'bytes', part, bytes };
      }
    }
  }
}
