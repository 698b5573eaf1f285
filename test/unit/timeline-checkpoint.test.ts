// Checkpoints as plain data: what is kept comes back the same, and what is broken is a fault of
// ours. FORMATS 8.4, rule 4.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ExtendMode, Registers, type SavedRegister } from '../../src/ima/registers.ts';
import {
  type KeptRegister,
  keepRegisters,
  restoreRegisters,
} from '../../src/timeline/checkpoint.ts';
import { aggregateRecord, fileRecord, hex, violationRecord } from '../property/list-writer.ts';
import { listed } from './timeline-records.ts';

const BANKS = ['sha1', 'sha256', 'sha384'] as const;
const RECORDS = [
  aggregateRecord(),
  violationRecord('/bin/b'),
  fileRecord('/opt/c', 'c', 11),
  fileRecord('/bin/d', 'd'),
].map(listed);

/** Registers behind the first `count` records, continued from `start` if given. */
function registersBehind(
  count: number,
  start?: { readonly index: number; readonly registers: readonly SavedRegister[] },
): Registers {
  const registers = new Registers({ banks: BANKS, quoted: new Map(), ...(start && { start }) });
  for (const { record, digests } of RECORDS.slice(start?.index ?? 0, count)) {
    registers.extend(record.pcr, digests, record.index);
  }
  return registers;
}

function stored(registers: Registers): readonly KeptRegister[] {
  return JSON.parse(JSON.stringify(keepRegisters(registers.save())));
}

describe('checkpoints', () => {
  for (const index of RECORDS.keys()) {
    it(`go on from record ${index} as if nothing had happened`, () => {
      const kept = stored(registersBehind(index));
      const continued = registersBehind(4, { index, registers: restoreRegisters(kept) });
      assert.deepEqual(stored(continued), stored(registersBehind(4)));
    });
  }

  it('keep every mode of a bank apart', () => {
    const [register] = stored(registersBehind(4)).filter(
      ({ pcr, bank }) => pcr === 10 && bank === 'sha256',
    );
    const modes: readonly ExtendMode[] = ['own-hash', 'padded-sha1', 'padded-sha1-and-violations'];
    assert.deepEqual(Object.keys(register?.values ?? {}).sort(), [...modes].sort());
    const registers = registersBehind(4);
    for (const mode of modes) {
      const value = registers.value('sha256', 10, mode) ?? new Uint8Array();
      assert.equal(register?.values[mode], hex(value));
    }
    assert.equal(new Set(Object.values(register?.values ?? {})).size, 3);
  });

  it('keep where a PCR was first extended', () => {
    const kept = stored(registersBehind(4));
    const firsts = kept.map(({ pcr, firstIndex }) => [pcr, firstIndex]);
    assert.deepEqual(new Set(firsts.map(String)), new Set(['10,0', '11,2']));
  });

  it('whose values are no hex are a fault, not a verdict', () => {
    const broken = { pcr: 10, bank: 'sha256', firstIndex: 0 } as const;
    assert.throws(() => restoreRegisters([{ ...broken, values: { 'own-hash': 'zz' } }]));
    assert.throws(() => restoreRegisters([{ ...broken, values: { 'padded-sha1': 'abc' } }]));
  });
});
