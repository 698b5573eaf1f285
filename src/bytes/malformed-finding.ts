// Turns the place where a structure broke into a finding. Malformed evidence is always refused.
// docs/decisions/0003-one-reader.md

import type { FindingCode } from '../findings/codes.ts';
import { type Finding, makeFinding, type Where } from '../findings/finding.ts';
import type { Malformed } from './reader.ts';

/** The finding `code` at the place of `malformed` in the evidence part `part`. */
export function malformedFinding(
  code: FindingCode,
  part: Where['part'],
  malformed: Malformed,
): Finding {
  const { field, offsetBytes, expected, actual } = malformed;
  return makeFinding(code, {
    severity: 'contraindicated',
    where: { part, offsetBytes, field },
    expected,
    actual,
  });
}
