// What an attestation agent makes of the records it holds: segments, cut on record boundaries.
// FORMATS 8; docs/evidence-bundle.md.

import type { SegmentClaim, SegmentKind } from '../../src/ima/segment.ts';
import { join } from '../property/list-writer.ts';
import type { ListRecord } from './records.ts';
import type { Bank } from './tpm.ts';

/** A record and where the agent has it from. */
export interface HeldRecord {
  readonly record: ListRecord;
  readonly kind: SegmentKind;
}

/** How long the next segment is and how it is written. */
export interface Cut {
  /** Records of the segment, at least 1; fewer where the records come from elsewhere. */
  readonly records: number;
  /** Bank of the digest column. */
  readonly column: Bank;
  /** Whether the evidence says how many records the segment has. */
  readonly isCounted: boolean;
  /** Records of the segment before that are sent again at its head, when the cut is first used:
   *  a verifier follows only so many readings of one list. */
  readonly overlap: number;
}

/** Segments and their bytes. */
export interface CutList {
  readonly claims: readonly SegmentClaim[];
  readonly segments: readonly Uint8Array[];
}

/** Writes `held` in segments: a new one wherever the kind changes, and where `cuts`, used over and
 *  over, say so. Without cuts there is one segment for each kind. */
export function cutList(held: readonly HeldRecord[], cuts: readonly Cut[] = []): CutList {
  const claims: SegmentClaim[] = [];
  const segments: Uint8Array[] = [];
  let previous: readonly HeldRecord[] = [];
  for (let at = 0; at < held.length; at += previous.length) {
    const cut = cuts[segments.length % cuts.length] ?? UNCUT;
    const piece = pieceAt(held, at, cut.records);
    const isFirstUse = segments.length < cuts.length;
    const again = isFirstUse ? Math.min(cut.overlap, previous.length) : 0;
    const records = [...held.slice(at - again, at), ...piece];
    claims.push({
      kind: piece[0]?.kind ?? 'current',
      encoding: 'binary',
      digestColumn: cut.column,
      ...(cut.isCounted ? { records: records.length } : {}),
    });
    segments.push(join(...records.map(({ record }) => record.bytes(cut.column))));
    previous = piece;
  }
  return { claims, segments };
}

/** The next records of one kind, at most `most`. */
function pieceAt(held: readonly HeldRecord[], at: number, most: number): readonly HeldRecord[] {
  const kind = held[at]?.kind;
  const end = held.findIndex((one, index) => index > at && one.kind !== kind);
  return held.slice(at, Math.min(end < 0 ? held.length : end, at + most));
}

const UNCUT: Cut = {
  records: Number.MAX_SAFE_INTEGER,
  column: 'sha1',
  isCounted: false,
  overlap: 0,
};
