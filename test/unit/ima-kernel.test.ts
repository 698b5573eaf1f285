// The digests of the kernel against node:crypto, at every length around a block, and when the
// kernel is used at all.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { viewBytes } from '../../src/bytes/encoding.ts';
import { kernelFor, useKernel } from '../../src/ima/kernel/available-kernel.ts';
import type { KernelHash } from '../../src/ima/kernel/kernel-module.ts';
import { RecordTable } from '../../src/ima/record-table.ts';
import { hash, join } from '../property/list-writer.ts';

const HASHES: readonly KernelHash[] = ['sha1', 'sha256', 'sha384', 'sha512'];

afterEach(() => useKernel('measured'));

/** Messages of 0 to 299 bytes in no order of length, and one over many blocks. */
const MESSAGES = [
  ...Array.from({ length: 300 }, (_, at) => new Uint8Array((at * 119) % 300).fill(at)),
  new Uint8Array(100_000).fill(0xa5),
];

for (const name of HASHES) {
  test(`${name} of messages of every length is that of node:crypto, and so is the chain`, () => {
    const kernel = loaded();
    kernel.digest(name, MESSAGES.length);
    let value: Uint8Array = hash(name, new Uint8Array());
    const rows = { digests: name, bank: name, onesBytes: 0, from: 0 } as const;
    const ours = kernel.extend({ ...rows, count: MESSAGES.length, value, sought: undefined });
    for (const message of MESSAGES) value = hash(name, join(value, hash(name, message)));
    assert.deepEqual(ours, { value, taken: MESSAGES.length });
  });

  test(`the ${name} chain stops behind a value that begins like the sought one`, () => {
    const kernel = loaded();
    kernel.digest(name, MESSAGES.length);
    const start = new Uint8Array(hash(name, new Uint8Array()).byteLength);
    const rows = { digests: name, bank: name, onesBytes: 0, from: 0, value: start } as const;
    const reached = kernel.extend({ ...rows, count: 17, sought: undefined });
    const sought = join(viewBytes(reached.value, 0, 4), new Uint8Array(start.byteLength - 4));
    assert.deepEqual(kernel.extend({ ...rows, count: 200, sought }), { ...reached, taken: 17 });
    const missed = sought.map((byte, at) => (at === 3 ? byte ^ 1 : byte));
    assert.equal(kernel.extend({ ...rows, count: 200, sought: missed }).taken, 200);
  });
}

test('few records go the plain way, and all do where that is asked for', () => {
  useKernel('always');
  assert.ok(kernelFor(1));
  useKernel('measured');
  assert.equal(kernelFor(7), undefined);
  assert.ok(kernelFor(8));
  useKernel('never');
  assert.equal(kernelFor(1_000_000), undefined);
});

test('rows that the memory has no room for are left', () => {
  useKernel('always');
  const table = new RecordTable(2);
  const window = new Uint8Array(3_000_000);
  table.end.set([10, 3_000_000]);
  table.start.set([0, 10]);
  table.count = 2;
  assert.equal(kernelFor(2)?.load({ window, table, from: 0, to: 2 }), 1);
  assert.equal(kernelFor(2)?.load({ window, table, from: 1, to: 2 }), 0);
});

/** A kernel that has the messages as rows. */
function loaded() {
  useKernel('always');
  const kernel = kernelFor(1);
  assert.ok(kernel);
  const table = new RecordTable(MESSAGES.length);
  let at = 0;
  for (const [row, message] of MESSAGES.entries()) {
    table.start[row] = at;
    table.dataAt[row] = at;
    table.dataBytes[row] = message.byteLength;
    at += message.byteLength;
    table.end[row] = at;
  }
  const rows = { window: join(...MESSAGES), table, from: 0, to: MESSAGES.length };
  assert.equal(kernel.load(rows), MESSAGES.length);
  return kernel;
}
