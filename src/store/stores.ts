// All stores on one database.

import type { Ports } from '../service/ports.ts';
import { attesterStore } from './attesters.ts';
import { auditLog } from './audit-log.ts';
import { challengeStore } from './challenges.ts';
import type { Database } from './database.ts';
import { enrolmentStore } from './enrolments.ts';
import { evidenceStore } from './evidence.ts';
import { keyringStore } from './keyrings.ts';
import { policyStore } from './policies.ts';
import { referenceSetStore } from './reference-sets.ts';
import { signingKeyStore } from './signing-keys.ts';
import { timelineStore } from './timelines.ts';
import { tokenStore } from './tokens.ts';
import { trialStore } from './trials.ts';
import { trustAnchorStore } from './trust-anchors.ts';
import { verdictStore } from './verdicts.ts';

/** The stores that the use cases need; `newId` names rows that callers never ask for. */
export function storesOn(
  database: Database,
  newId: () => string,
): Omit<Ports, 'clock' | 'random' | 'workers'> {
  return {
    attesters: attesterStore(database),
    enrolments: enrolmentStore(database),
    challenges: challengeStore(database),
    evidence: evidenceStore(database, newId),
    verdicts: verdictStore(database),
    timelines: timelineStore(database),
    policies: policyStore(database),
    trials: trialStore(database),
    referenceSets: referenceSetStore(database),
    keyrings: keyringStore(database),
    trustAnchors: trustAnchorStore(database),
    tokens: tokenStore(database),
    signingKeys: signingKeyStore(database),
    audit: auditLog(database),
    storage: { reachable: () => reachable(database) },
  };
}

async function reachable(database: Database): Promise<boolean> {
  try {
    await database.run('SELECT 1', []);
    return true;
  } catch {
    return false;
  }
}
