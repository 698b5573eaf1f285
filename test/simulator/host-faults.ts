// Faults on the host before the quote: root extends, forges events, loses records or turns counters
// back, and the TPM signs what it has. FORMATS 5 to 10, 14.6, 16.

import { hash } from '../property/list-writer.ts';
import type { HeldRecord } from './agent.ts';
import {
  type Fault,
  type FaultSite,
  type FaultyRound,
  freshRound,
  pickOne,
  withClaim,
  withList,
} from './fault.ts';
import { hostOf } from './histories.ts';
import { IMA_PCR, type KernelSettings } from './kernel.ts';
import { eventDraft, kexecText, snapshotText, tpmInfoText } from './records.ts';
import { requestOf } from './rounds.ts';
import { DIGEST_BYTES } from './tpm.ts';

const KEXEC_COUNT = ['ima.kexec_count_exceeded'] as const;
const AGGREGATE = ['ima.boot_aggregate_mismatch'] as const;
const LOST = ['ima.kexec_list_lost', 'ima.replay_mismatch'] as const;

export const HOST_FAULTS: readonly Fault[] = [
  fault('a PCR is extended without a record', ['ima.replay_mismatch'], unloggedExtend),
  fault('the TPM never saw the list', ['ima.pcr_never_extended'], withFlaw('tpm-bypass')),
  fault('the list has no aggregate', ['ima.boot_aggregate_missing'], withFlaw('no-aggregate')),
  fault('boot_aggregate is of another boot', AGGREGATE, otherAggregate),
  fault('PCR 0–9 went on behind boot_aggregate', AGGREGATE, driftingPcr),
  fault('the clock goes back', ['quote.clock_regressed'], clockBack),
  fault('restartCount goes back', ['quote.counters_regressed'], restartBack),
  {
    ...fault('resetCount goes back', ['quote.counters_regressed'], resetBack),
    statuses: ['warning', 'contraindicated'],
  },
  fault('a kexec event counts more records than there are', KEXEC_COUNT, forgedKexecCount),
  fault('a marker has another PCR value', ['ima.snapshot_mismatch'], forgedMarkerValue),
  fault('a marker repeats its number', ['ima.snapshot_attempts_wrong'], forgedMarkerNumber),
  {
    ...fault('a marker is no marker', ['ima.snapshot_malformed'], malformedMarker),
    statuses: ['warning', 'contraindicated'],
  },
  fault('the update counter goes back', ['ima.update_counter_decreased'], counterBack),
  fault('the update counter stands still', ['ima.update_counter_short'], counterStill),
  fault('a trim event exceeds the list', ['ima.trim_count_exceeded'], forgedTrim),
  {
    ...fault('a kexec loses records that nobody has, and only its list is sent', LOST, onlyNewList),
    statuses: ['none'],
  },
  fault('extends overtake one another', ['ima.replay_mismatch'], overtaking),
  fault('records are extended as a batch', ['ima.replay_mismatch'], batching),
  {
    ...fault('a kexec loses records that nobody has', LOST, lostAtKexec),
    statuses: ['none', 'contraindicated'],
  },
];

function fault(name: string, codes: Fault['codes'], inject: Fault['inject']): Fault {
  return { name, codes, statuses: ['contraindicated'], recovers: 'never', inject };
}

function unloggedExtend(site: FaultSite): FaultyRound {
  const { host } = site.scene;
  host.measureFiles(site.pick(3));
  host.tpm.extend(IMA_PCR, (bank) => hash(bank, new Uint8Array(1)));
  return freshRound(site);
}

/** Another kernel on the same machine, never seen before. */
function withFlaw(flaw: KernelSettings['flaw']): Fault['inject'] {
  return (site) => {
    const { history } = site.scene;
    const host = hostOf({ ...history, kernel: { ...history.kernel, flaw } });
    const round = freshRound({ ...site, scene: { ...site.scene, host, askedIndex: 0 } });
    return { ...round, isFirstContact: true };
  };
}

/** boot_aggregate can be told only where PCR 0–9 of its bank are quoted. */
function isAggregateQuoted({ scene }: FaultSite): boolean {
  const { banks, quotedBanks } = scene.history;
  const bank = (['sha256', 'sha1'] as const).find((one) => banks.includes(one));
  return bank !== undefined && quotedBanks.includes(bank);
}

function otherAggregate(site: FaultSite): FaultyRound | undefined {
  if (!isAggregateQuoted(site)) return undefined;
  return withFlaw('other-aggregate')({ ...site, ask: { ...site.ask, quotes: 'boot' } });
}

function driftingPcr(site: FaultSite): FaultyRound | undefined {
  if (!isAggregateQuoted(site)) return undefined;
  site.scene.host.tpm.extend(site.pick(8), (bank) => hash(bank, new Uint8Array(2)));
  return freshRound({ ...site, ask: { ...site.ask, quotes: 'boot' } });
}

/** Seen before, so that there is something to go back from. */
function attestOnce({ scene, ask }: FaultSite): void {
  const round = scene.host.evidence(requestOf(scene, { ...ask, quotes: 'boot', start: 'zero' }));
  scene.verifier.verify(round.evidence, round.segments);
}

function clockBack(site: FaultSite): FaultyRound {
  attestOnce(site);
  const { tpm } = site.scene.host;
  tpm.isSafe = true;
  tpm.clockMs -= BigInt(5000 + site.pick(20_000));
  return freshRound(site);
}

function restartBack(site: FaultSite): FaultyRound {
  const { host } = site.scene;
  host.suspendResume();
  attestOnce(site);
  host.tpm.restartCount -= 1;
  return freshRound(site);
}

function resetBack(site: FaultSite): FaultyRound {
  attestOnce(site);
  const { host } = site.scene;
  host.reboot();
  host.tpm.resetCount -= 2 + site.pick(3);
  return freshRound({ ...site, scene: { ...site.scene, askedIndex: 0 } });
}

function forge(site: FaultSite, name: string, text: string): void {
  site.scene.host.kernel.measure(eventDraft(name, text, IMA_PCR));
}

function forgedKexecCount(site: FaultSite): FaultyRound {
  const { ledger } = site.scene.host;
  const name = pickOne(['kexec_load', 'kexec_execute'], site.pick) ?? 'kexec_load';
  forge(site, name, kexecText(ledger, ledger.length + 1 + site.pick(50)));
  return freshRound(site);
}

function forgedMarkerValue(site: FaultSite): FaultyRound {
  const { tpm } = site.scene.host;
  const read = (bank: keyof typeof DIGEST_BYTES, pcr: number) =>
    pcr === IMA_PCR ? new Uint8Array(DIGEST_BYTES[bank]).fill(0x5a) : tpm.value(bank, pcr);
  forge(site, 'snapshot_aggregate', snapshotText(tpm, { attempt: FAR_ATTEMPT }, read));
  return freshRound(site);
}

function forgedMarkerNumber(site: FaultSite): FaultyRound {
  const { host } = site.scene;
  host.snapshot(false);
  host.measureFiles(1);
  forge(site, 'snapshot_aggregate', snapshotText(host.tpm, { attempt: 0 }));
  return freshRound(site);
}

function malformedMarker(site: FaultSite): FaultyRound {
  const text = snapshotText(site.scene.host.tpm, { attempt: FAR_ATTEMPT });
  const forms = [text.slice(0, -1), `${text}\0`, text.replace('PCR3', 'PCR4'), ` ${text}`];
  forge(site, 'snapshot_aggregate', pickOne(forms, site.pick) ?? '');
  return freshRound(site);
}

function counterBack(site: FaultSite): FaultyRound {
  const { tpm } = site.scene.host;
  const counters = [tpm.updateCounter, tpm.updateCounter - 1 - site.pick(10)] as const;
  forge(site, 'ima_init_tpm_update_counter', `update_counter=${counters[0]};`);
  forge(site, 'kexec_load_tpm_update_counter', `update_counter=${counters[1]};`);
  return freshRound(site);
}

/** Records are listed that the counter never saw: more of them than may slip in. */
function counterStill(site: FaultSite): FaultyRound {
  const { tpm, ledger } = site.scene.host;
  const counter = tpm.updateCounter;
  const banks = tpm.banks.length;
  const info = (measurements: number) => tpmInfoText({ banks, counter, measurements });
  forge(site, 'tpm-info', info(ledger.length));
  site.scene.host.measureFiles(30);
  forge(site, 'tpm-info', info(site.scene.host.ledger.length));
  return freshRound(site);
}

function forgedTrim(site: FaultSite): FaultyRound {
  const { length } = site.scene.host.ledger;
  const text = `time= 1770336000000000000; number= ${length + 1 + site.pick(100)};`;
  forge(site, 'trim_ima_event_logs', text);
  return freshRound(site);
}

/** The list was left behind at a kexec, and its last records were read by nobody. */
function lostAtKexec(site: FaultSite): FaultyRound | undefined {
  const { scene, pick } = site;
  const { host, history } = scene;
  if (history.kernel.kexec !== 'left-behind') return undefined;
  host.measureFiles(5);
  host.kexec({ lose: 1 + pick(4) });
  return freshRound(site);
}

/** The agent takes the new list for that of a new boot. More than the aggregate was proven, or the
 *  new list, which begins with the same record, would pass for the old one. */
function onlyNewList(site: FaultSite): FaultyRound | undefined {
  const { scene, pick } = site;
  const { host, history } = scene;
  if (history.kernel.kexec !== 'left-behind') return undefined;
  host.measureFiles(1);
  attestOnce(site);
  host.measureFiles(1 + pick(4));
  host.kexec({ lose: Number.MAX_SAFE_INTEGER });
  const round = freshRound(site);
  const current: readonly HeldRecord[] = host.kernel.current.map((record) => ({
    record,
    kind: 'current',
  }));
  const { evidence, segments } = withList(round, current);
  return { evidence: withClaim(evidence, { ...evidence.ima, fromIndex: 0 }), segments };
}

function overtaking(site: FaultSite): FaultyRound {
  site.scene.host.swapExtends();
  const { evidence, segments } = freshRound(site);
  const { segments: claims = [], fromIndex = 0 } = evidence.ima ?? {};
  return { evidence: { ...evidence, ima: { segments: claims, fromIndex } }, segments };
}

function batching(site: FaultSite): FaultyRound {
  site.scene.host.batch(1 + site.pick(4));
  return freshRound(site);
}

/** Behind the markers that an honest history writes. */
const FAR_ATTEMPT = 1000;
