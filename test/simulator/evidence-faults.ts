// Faults in what an agent sends: evidence of another time, another boot or another host, and claims
// that are not so. FORMATS 8.4, 14.1, 14.6.

import { hex } from '../property/list-writer.ts';
import {
  type Fault,
  type FaultSite,
  type FaultyRound,
  freshRound,
  withClaim,
  withList,
} from './fault.ts';
import { hostOf, selectionOf } from './histories.ts';
import type { Round, SimulatedHost } from './host.ts';
import { requestOf } from './rounds.ts';

const REPLAY = ['ima.replay_mismatch'] as const;
const FOREIGN = ['ima.replay_mismatch', 'ima.kexec_list_lost'] as const;
const GENUINE = ['quote.signature_invalid'] as const;
const MISSING = ['ima.list_missing', 'ima.replay_mismatch', 'ima.history_missing'] as const;

export const EVIDENCE_FAULTS: readonly Fault[] = [
  fault('old evidence is sent again', ['quote.nonce_mismatch'], sendAgain),
  fault('a fresh quote comes with an old list', REPLAY, oldList),
  // A list that a kexec began anew looks the same: it cannot be proven, and is asked for again.
  {
    ...fault('a list of another host with the same aggregate is sent', FOREIGN, listOfAnotherHost),
    statuses: ['none', 'contraindicated'],
  },
  fault('a quote of another TPM is sent', GENUINE, quoteOfAnotherTpm),
  fault('a bit of the quote is flipped', GENUINE, flippedQuote),
  fault('a PCR value is made up', ['quote.composite_mismatch'], madeUpValue),
  fault('the list starts earlier than it says', REPLAY, startsEarlier),
  {
    ...fault('the list starts behind what is proven', ['ima.history_missing'], startsLate),
    statuses: ['none'],
  },
  {
    ...fault('a host is first seen without its history', ['ima.history_missing'], lateContact),
    statuses: ['none'],
  },
  {
    ...fault('no list is sent although the PCR went on', MISSING, withoutList),
    statuses: ['none', 'contraindicated'],
  },
  {
    ...fault('the list of an earlier boot is sent', REPLAY, listOfAnotherBoot),
    recovers: 'never',
  },
];

function fault(name: string, codes: Fault['codes'], inject: Fault['inject']): Fault {
  return { name, codes, statuses: ['contraindicated'], recovers: 'at once', inject };
}

function sendAgain(site: FaultSite): FaultyRound {
  const { evidence, segments } = freshRound(site);
  return { evidence: { ...evidence, nonce: site.scene.verifier.nonce() }, segments };
}

/** The list was read before records that the quote shows. */
function oldList(site: FaultSite): FaultyRound {
  const old = freshRound({ ...site, ask: { ...site.ask, pending: 0 } });
  const { evidence } = freshRound(site);
  return { evidence: withClaim(evidence, { ...old.evidence.ima }), segments: old.segments };
}

/** Same machine type, same firmware, same aggregate: but other files. */
function listOfAnotherHost(site: FaultSite): FaultyRound {
  const { history } = site.scene;
  const { evidence } = fromZero(site, site.scene.host);
  const other = hostOf(history, 'another host');
  other.measureFiles(12, '/usr/sbin');
  const { evidence: foreign, segments } = fromZero(site, other);
  return { evidence: withClaim(evidence, { ...foreign.ima, fromIndex: 0 }), segments };
}

function quoteOfAnotherTpm(site: FaultSite): FaultyRound {
  const { scene, ask } = site;
  const { evidence, segments } = freshRound(site);
  const other = hostOf(scene.history, 'another host');
  const { attest, signature } = other.quote(evidence.nonce, selectionOf(scene.history, ask));
  const quote = { attest, signature: { encoding: 'tpmt', bytes: signature } } as const;
  return { evidence: { ...evidence, quote }, segments };
}

/** In the clock: the structure stays a quote of this nonce. */
function flippedQuote(site: FaultSite): FaultyRound {
  const { evidence, segments } = freshRound(site);
  const { attest, signature } = evidence.quote;
  const at = hex(attest).indexOf(hex(evidence.nonce)) / 2 + evidence.nonce.byteLength + 4;
  const flipped = attest.map((byte, index) => (index === at ? byte ^ (1 << site.pick(8)) : byte));
  return { evidence: { ...evidence, quote: { attest: flipped, signature } }, segments };
}

function madeUpValue(site: FaultSite): FaultyRound {
  const { evidence, segments } = freshRound({ ...site, ask: { ...site.ask, quotes: 'boot' } });
  const pcrValues = new Map(
    [...(evidence.pcrValues ?? [])].map(([bank, values]) => [
      bank,
      new Map([...values].map(([pcr, value]) => [pcr, pcr === 10 ? value.map(invert) : value])),
    ]),
  );
  return { evidence: { ...evidence, pcrValues }, segments };
}

function invert(byte: number): number {
  return byte ^ 0xff;
}

/** One record more stands before what the claim says. */
function startsEarlier(site: FaultSite): FaultyRound | undefined {
  const { scene, ask } = site;
  if (scene.askedIndex === 0) return undefined;
  const round = freshRound({ ...site, ask: { ...ask, start: 1 } });
  const claimed = withClaim(round.evidence, { ...round.evidence.ima, fromIndex: scene.askedIndex });
  return { evidence: claimed, segments: round.segments };
}

/** Honest about it: the agent does not have the records any more. */
function startsLate(site: FaultSite): FaultyRound {
  const { scene, pick } = site;
  const round = freshRound({ ...site, ask: { ...site.ask, start: 'asked' } });
  const dropped = 1 + pick(4);
  const late = withList(round, round.held.slice(dropped));
  return {
    ...late,
    evidence: withClaim(late.evidence, {
      ...late.evidence.ima,
      fromIndex: scene.askedIndex + dropped,
    }),
  };
}

function lateContact(site: FaultSite): FaultyRound {
  const round = fromZero(site, site.scene.host);
  const fromIndex = 1 + site.pick(3);
  const late = withList(round, round.held.slice(fromIndex));
  const evidence = withClaim(late.evidence, { ...late.evidence.ima, fromIndex });
  return { ...late, evidence, isFirstContact: true };
}

function withoutList(site: FaultSite): FaultyRound {
  const { ima: _, ...evidence } = freshRound(site).evidence;
  return { evidence, segments: [] };
}

function listOfAnotherBoot(site: FaultSite): FaultyRound {
  const { host } = site.scene;
  const old = fromZero(site, host);
  host.reboot();
  host.measureFiles(1 + site.pick(5));
  const { evidence } = fromZero(site, host);
  const { segments } = old;
  return { evidence: withClaim(evidence, { ...old.evidence.ima, fromIndex: 0 }), segments };
}

/** The whole list of a host, with fresh records. */
function fromZero(site: FaultSite, host: SimulatedHost): Round {
  host.measureFiles(5);
  const ask = { ...site.ask, start: 'zero', pending: 0 } as const;
  return host.evidence({ ...requestOf({ ...site.scene, host }, ask), cuts: [] });
}
