// The built-in structural policy: every cryptographic and structural check runs, and any
// measurement is accepted. docs/policy.md, "The structural policy"

import type { AcceptancePolicy } from './acceptance.ts';

/** Used where no policy was given. What it warns about is true of many honest machines; what makes
 *  evidence self-contradictory is refused by the procedure under every policy. */
export const STRUCTURAL_POLICY: AcceptancePolicy = {
  identity: { name: 'structural', version: null, digest: null },
  freshness: { challengeSeconds: 120, verdictSeconds: 600 },
  quote: {
    selection: 'any',
    signatureHashes: new Set(['sha256', 'sha384', 'sha512']),
    minRsaBits: 2048,
    unsafeClock: 'warn',
    firmwareChange: 'report',
    weakNonce: 'warn',
  },
  attester: { asserted: 'report' },
  boot: {
    eventLog: 'optional',
    secureBoot: 'optional',
    pcrs: new Map(),
    partial: 'warn',
    loader: 'warn',
    aggregate: { late: 'warn', isPinned: () => false, partialCoverage: 'warn', zero: 'warn' },
  },
  ima: {
    list: 'if-extended',
    templates: 'any',
    fileDigests: 'any',
    paddedBanks: 'report',
    weakBanks: 'warn',
    violation: () => ({ then: 'warn' }),
    kexec: { unmarked: 'warn', newKernel: 'warn', countSlack: 16, countBehind: 'report' },
    snapshots: 'cross-check',
    updateCounter: { model: 'per-command', banks: 1, lag: 16, excess: 'accept' },
    batches: 'refuse',
    extendOrderWindow: 0,
    unknownHistory: 'none',
    unquotedPcrs: 'warn',
    isPinnedKernel: () => false,
    measurements: 'any',
  },
};
