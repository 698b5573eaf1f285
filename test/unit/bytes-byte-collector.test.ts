// Pieces of any size come out as one. src/bytes/byte-collector.ts

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteCollector } from '../../src/bytes/byte-collector.ts';

test('a million pieces of one byte come out in order', () => {
  const collector = new ByteCollector();
  for (let at = 0; at < 1_000_000; at += 1) collector.add(Uint8Array.of(at & 0xff));
  assert.equal(collector.sizeBytes, 1_000_000);
  const all = collector.take();
  assert.equal(all.byteLength, 1_000_000);
  assert.ok(all.every((byte, at) => byte === (at & 0xff)));
});

test('what was taken is not written to again', () => {
  const collector = new ByteCollector();
  collector.add(Uint8Array.of(1, 2, 3));
  const taken = collector.take();
  collector.add(Uint8Array.of(9, 9, 9, 9));
  assert.deepEqual([...taken], [1, 2, 3]);
  assert.equal(collector.sizeBytes, 4);
  assert.deepEqual([...new ByteCollector().take()], []);
});
