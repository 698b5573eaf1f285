// Policy documents that several suites start from.

import assert from 'node:assert/strict';
import { parsePolicy } from '../../src/policy/parse-policy.ts';
import type { PolicyDocument } from '../../src/policy/schema.ts';

/** UTF-8 bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A document that must be one. */
export function parsed(document: unknown): PolicyDocument {
  const result = parsePolicy(document);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

/** Nothing but what is mandatory. */
export const MINIMAL_POLICY = {
  format: 'plumbline-policy/1',
  name: 'small',
  ima: 'not-required',
} as const;

/** Every key that the schema knows. */
export const FULL_POLICY = {
  format: 'plumbline-policy/1',
  name: 'prod',
  appliesTo: { labels: { env: 'prod' } },
  freshness: { challengeSeconds: 120, verdictSeconds: 600 },
  quote: {
    banks: ['sha256'],
    pcrs: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    signatureHashes: ['sha256', 'sha384'],
    minRsaBits: 2048,
    unsafeClock: 'warn',
    firmwareVersions: { change: 'warn' },
  },
  attester: { asserted: 'warn' },
  boot: {
    eventLog: 'required',
    secureBoot: 'required',
    pcrs: { '7': { allow: [`sha256:${'Ab'.repeat(32)}`] } },
    bootAggregate: { late: 'accept-if-pinned', kernels: ['kernels-2026'], coverage: '0-9' },
  },
  ima: {
    templates: ['ima-ng', 'ima-sig', 'ima-buf'],
    fileDigests: ['sha256', 'sha384', 'sha512'],
    paddedBanks: 'refuse',
    violations: { default: 'refuse', rules: [{ path: '/var/log/**', then: 'warn' }] },
    history: { unknown: 'none' },
    kexec: { unmarked: 'warn', newKernel: 'refuse' },
    snapshots: 'cross-check',
    updateCounter: { model: 'per-bank', lag: 16, excess: 'report' },
    batches: 'refuse',
    extendOrder: { window: 0 },
    measurements: [
      { id: 'bad', digestIn: ['revoked'], then: 'refuse' },
      { id: 'os', path: '/**', digestIn: ['debian-12', 'agents'], then: 'accept' },
      { id: 'signed', path: '/opt/**', signedBy: ['vendor'], then: 'accept' },
      { id: 'keys', keyring: '.ima', keyIn: ['vendor'], then: 'accept' },
      { id: 'lsm', event: 'selinux-state', data: { enforcing: '1' }, then: 'accept' },
      { id: 'rest', path: '/tmp/**', then: 'warn' },
    ],
  },
} as const;
