// Ways to alter a capture, and what must hold of the verdict over it afterwards.

import assert from 'node:assert/strict';
import type { Finding } from '../../src/findings/finding.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';
import type { VerdictBody, VerdictStatus } from '../../src/verify/verdict.ts';
import type { Capture } from '../captures/load-capture.ts';

/** From good to bad. */
const RANK: Readonly<Record<VerdictStatus, number>> = {
  affirming: 0,
  warning: 1,
  none: 2,
  contraindicated: 3,
};

/** A copy of `bytes` with one bit of the byte at `at` changed: another bit from byte to byte. */
export function flipByte(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = new Uint8Array(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
  return flipped;
}

export function withAttest(capture: Capture, attest: Uint8Array): Capture {
  const { evidence } = capture;
  return { ...capture, evidence: { ...evidence, quote: { ...evidence.quote, attest } } };
}

export function withSignature(capture: Capture, bytes: Uint8Array): Capture {
  const { evidence } = capture;
  const signature = { ...evidence.quote.signature, bytes };
  return { ...capture, evidence: { ...evidence, quote: { ...evidence.quote, signature } } };
}

export function withPcrValues(capture: Capture, pcrValues: PcrValues): Capture {
  return { ...capture, evidence: { ...capture.evidence, pcrValues } };
}

/** The capture with other bytes as its segment number `segment`. */
export function withSegment(capture: Capture, segment: number, bytes: Uint8Array): Capture {
  return {
    ...capture,
    segments: capture.segments.map((old, at) => (at === segment ? bytes : old)),
  };
}

/** The bytes of segment number `segment`. */
export function segmentOf(capture: Capture, segment: number): Uint8Array {
  const bytes = capture.segments[segment];
  assert.ok(bytes);
  return bytes;
}

/** Fails if the verdict is affirming, or better than `untouched`. */
export function assertNotBetter(verdict: VerdictBody, untouched: VerdictBody, what: string): void {
  assert.notEqual(verdict.status, 'affirming', what);
  const { status } = verdict;
  assert.ok(RANK[status] >= RANK[untouched.status], `${what}: ${status}`);
}

/** Fails unless the verdict is contraindicated and says at which place of the evidence. */
export function assertRefusedWithPlace(verdict: VerdictBody, what: string): void {
  assert.equal(verdict.status, 'contraindicated', what);
  const located = verdict.findings.some(
    (finding) => finding.severity === 'contraindicated' && hasPlace(finding),
  );
  assert.ok(located, `${what}: no contraindicated finding names a place`);
}

function hasPlace({ where }: Finding): boolean {
  return [where.offsetBytes, where.entryIndex, where.field, where.pcr].some(
    (place) => place !== undefined,
  );
}

/** The codes of all findings. */
export function codesOf(verdict: VerdictBody): readonly string[] {
  return verdict.findings.map((finding) => finding.code);
}

/** Fails unless one of the verdict's findings has this code. */
export function assertFound(verdict: VerdictBody, code: string, what: string): Finding {
  const finding = verdict.findings.find((candidate) => candidate.code === code);
  assert.ok(finding, `${what}: expected ${code}, found ${codesOf(verdict).join(' ')}`);
  return finding;
}
