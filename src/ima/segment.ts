// A segment of the measurement list as the attester describes it. Every word of it is a hint: the
// replay decides (FORMATS 8.4).

import type { HashName } from '../crypto/digest.ts';

export const SEGMENT_KINDS = ['archived', 'staged', 'trimmed', 'snapshot', 'current'] as const;
export type SegmentKind = (typeof SEGMENT_KINDS)[number];

export interface SegmentClaim {
  readonly kind: SegmentKind;
  readonly encoding: 'binary' | 'ascii';
  /** Algorithm of the digest column, declared and then checked by recomputation (FORMATS 1.5). */
  readonly digestColumn: HashName;
  /** Only the first so many records count; absent: all. */
  readonly records?: number;
}
