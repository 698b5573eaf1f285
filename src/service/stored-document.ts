// The document that is kept beside the long parts of evidence: what was received, with what the
// service knew. Written in appraise-evidence.ts, read back here. docs/api.md, "Verdicts"

import { z } from 'zod';
import { AK_ENCODINGS } from '../enroll/ak.ts';
import { AK_BINDINGS } from '../enroll/ak-binding.ts';
import { evidenceBody } from './evidence-document.ts';

/** The shape of a kept document. `timeline` is what the round went on from, to be read by
 *  `readTimelineState`. */
export const storedDocument = evidenceBody.extend({
  ak: z.strictObject({ bytes: z.base64(), encoding: z.enum(AK_ENCODINGS) }),
  /** Absent: from before it was kept, when every key was asserted. */
  akBinding: z.enum(AK_BINDINGS).optional(),
  nonce: z.hex(),
  timeline: z.unknown().optional(),
});
