// Faults in the list on its way to the verifier: whoever carries it changes, loses or reorders
// records. FORMATS 4.4, 8.4.

import type { HeldRecord } from './agent.ts';
import {
  coveredPositions,
  type Fault,
  type FaultSite,
  type FaultyRound,
  freshRound,
  pickOne,
  StaleColumnRecord,
  withList,
} from './fault.ts';
import { ListRecord } from './records.ts';

/** Spoils the record at one covered position: gives what stands there instead. */
type Spoil = (held: HeldRecord, site: FaultSite) => readonly HeldRecord[];

const REPLAY = ['ima.replay_mismatch'] as const;
const RELABELLED = [
  'ima.field_malformed',
  'ima.record_malformed',
  'ima.template_unknown',
  'ima.buffer_digest_mismatch',
] as const;

export const LIST_FAULTS: readonly Fault[] = [
  fault(
    'a record is dropped',
    REPLAY,
    replacing(() => []),
  ),
  fault(
    'a record is duplicated',
    REPLAY,
    replacing((held) => [held, held], 'all but the last'),
  ),
  fault('two neighbours are exchanged', REPLAY, exchangeNeighbours),
  fault('a file digest is altered', ['ima.template_digest_mismatch'], replacing(alterField(0))),
  fault('a name is altered', ['ima.template_digest_mismatch'], replacing(alterField(1))),
  fault('a record is altered with its column', REPLAY, replacing(alterWithColumn)),
  fault('a record is moved to another PCR', REPLAY, replacing(moveToOtherPcr)),
  fault('a record is sent as a violation', REPLAY, replacing(turnIntoViolation)),
  fault('a violation is sent as a record', REPLAY, turnViolation),
  {
    ...fault('a record is relabelled', RELABELLED, replacing(relabel)),
    recovers: 'from zero',
  },
  {
    ...fault(
      'a digest column is altered',
      ['ima.template_digest_mismatch'],
      replacing(alterColumn),
    ),
    recovers: 'from zero',
  },
  fault(
    'a record is made up',
    REPLAY,
    replacing((held, site) => [madeUp(held, site), held]),
  ),
  fault(
    'a segment is left out',
    REPLAY,
    onSegments((_, second) => second),
  ),
  fault(
    'two segments are exchanged',
    REPLAY,
    onSegments((first, second) => [...second, ...first]),
  ),
  fault('the list is cut inside a record', ['ima.truncated'], cutInside),
];

function fault(name: string, codes: Fault['codes'], inject: Fault['inject']): Fault {
  return { name, codes, statuses: ['contraindicated'], recovers: 'at once', inject };
}

/** Behind the last proven record everything is pending, so what is added there is no fault yet. */
function replacing(spoil: Spoil, where: 'all' | 'all but the last' = 'all'): Fault['inject'] {
  return (site) => {
    const round = freshRound(site);
    const covered = coveredPositions(site, round);
    const positions = where === 'all' ? covered : covered.slice(0, -1);
    const position = pickOne(positions, site.pick);
    if (position === undefined) return undefined;
    const held = round.held[position];
    return held && withList(round, round.held.toSpliced(position, 1, ...spoil(held, site)));
  };
}

function exchangeNeighbours(site: FaultSite): FaultyRound | undefined {
  const round = freshRound(site);
  const { held } = round;
  const covered = coveredPositions(site, round);
  const pairs = covered.filter((position) => {
    const [first, second] = [held[position]?.record, held[position + 1]?.record];
    if (first === undefined || second === undefined || !covered.includes(position + 1))
      return false;
    return first.draft.pcr === second.draft.pcr && !isSame(first, second);
  });
  const position = pickOne(pairs, site.pick);
  if (position === undefined) return undefined;
  const pair = held.slice(position, position + 2).toReversed();
  return withList(round, held.toSpliced(position, 2, ...pair));
}

function isSame(left: ListRecord, right: ListRecord): boolean {
  return left.digest('sha256').join() === right.digest('sha256').join();
}

function alterField(field: number): Spoil {
  return ({ record, kind }) => {
    const altered = record.draft.fields.map((bytes, index) =>
      index === field ? flip(bytes) : bytes,
    );
    const draft = { ...record.draft, fields: altered };
    return [{ kind, record: new StaleColumnRecord(draft, record) }];
  };
}

/** Another last letter, or another last digest byte. */
function flip(bytes: Uint8Array): Uint8Array {
  const at = bytes.byteLength - 2;
  return bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
}

/** The data are as measured: only the column, which nothing covers, is another. */
function alterColumn({ record, kind }: HeldRecord): readonly HeldRecord[] {
  const [first = new Uint8Array(), ...others] = record.draft.fields;
  const other = new ListRecord({ ...record.draft, fields: [flip(first), ...others] }, record.order);
  return [{ kind, record: new StaleColumnRecord(record.draft, other) }];
}

function alterWithColumn({ record, kind }: HeldRecord): readonly HeldRecord[] {
  const [first = new Uint8Array(), ...others] = record.draft.fields;
  const draft = { ...record.draft, fields: [flip(first), ...others] };
  return [{ kind, record: new ListRecord(draft, record.order) }];
}

function moveToOtherPcr({ record, kind }: HeldRecord): readonly HeldRecord[] {
  return [{ kind, record: new ListRecord({ ...record.draft, pcr: 12 }, record.order) }];
}

function turnIntoViolation({ record, kind }: HeldRecord): readonly HeldRecord[] {
  return [{ kind, record: new ListRecord({ ...record.draft, violation: true }, record.order) }];
}

function turnViolation(site: FaultSite): FaultyRound | undefined {
  site.scene.host.violation('/var/log/auth.log');
  const round = freshRound(site);
  const fromIndex = round.evidence.ima?.fromIndex ?? 0;
  const position = round.held.findLastIndex(({ record }) => record.isViolation);
  const held = round.held[position];
  if (held === undefined || fromIndex + position < site.scene.askedIndex) return undefined;
  const { record, kind } = held;
  const harmless = new ListRecord({ ...record.draft, violation: false }, record.order);
  return withList(round, round.held.toSpliced(position, 1, { kind, record: harmless }));
}

/** The template name is not covered by any digest: what is left of the record must give it away. */
function relabel({ record, kind }: HeldRecord, { pick }: FaultSite): readonly HeldRecord[] {
  const others = ['ima-ng', 'ima-sig', 'ima-buf', 'ima-zz', 'ima'].filter(
    (name) => name !== record.draft.template && !(isBuffer(record) && name === 'ima-sig'),
  );
  const template = pickOne(others, pick) ?? 'ima-zz';
  return [{ kind, record: new ListRecord({ ...record.draft, template }, record.order) }];
}

/** Whether the record reads as well when it is called a signed file (FORMATS 11). */
function isBuffer({ draft }: ListRecord): boolean {
  return draft.template === 'ima-buf';
}

function madeUp({ record, kind }: HeldRecord, { pick }: FaultSite): HeldRecord {
  const [first = new Uint8Array(), , ...others] = record.draft.fields;
  const name = new Uint8Array(Buffer.from(`/usr/bin/made-up-${pick(1000)}\0`, 'latin1'));
  const draft = { ...record.draft, fields: [first, name, ...others] };
  return { kind, record: new ListRecord(draft, record.order) };
}

/** Works on the list in segments of two records: gives what stands where a covered pair of
 *  neighbouring segments stood. */
function onSegments(
  rearrange: (first: readonly HeldRecord[], second: readonly HeldRecord[]) => readonly HeldRecord[],
): Fault['inject'] {
  return (site) => {
    const round = freshRound(site);
    const covered = coveredPositions(site, round);
    const starts = covered.filter(
      (position) =>
        position % 2 === 0 && [1, 2, 3].every((more) => covered.includes(position + more)),
    );
    const at = pickOne(starts, site.pick);
    if (at === undefined) return undefined;
    const held: readonly HeldRecord[] = round.held.map(({ record }) => ({
      record,
      kind: 'archived',
    }));
    const rearranged = rearrange(held.slice(at, at + 2), held.slice(at + 2, at + 4));
    const cut = { records: 2, column: 'sha1', isCounted: false, overlap: 0 } as const;
    return withList(round, held.toSpliced(at, 4, ...rearranged), [cut]);
  };
}

/** The list ends in the middle of a record that the quote proves. */
function cutInside(site: FaultSite): FaultyRound | undefined {
  const round = freshRound(site);
  const position = pickOne(coveredPositions(site, round), site.pick);
  if (position === undefined) return undefined;
  const whole = withList(round, round.held.slice(0, position + 1));
  const last = whole.segments.at(-1) ?? new Uint8Array();
  const size = round.held[position]?.record.bytes('sha1').byteLength ?? 0;
  const cut = last.slice(0, last.byteLength - 1 - site.pick(size - 1));
  return { ...whole, segments: whole.segments.with(-1, cut) };
}
