// Short and long inputs take two ways through the digests: both have to be the same function.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { HASH_ALGORITHMS } from '../../src/crypto/digest.ts';

test('a digest is that of OpenSSL, however long the input', () => {
  const computable = HASH_ALGORITHMS.filter(({ digest }) => digest !== undefined);
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 1200, size: 'max' });
  fc.assert(
    fc.property(fc.constantFrom(...computable), bytes, ({ name, digest, sizeBytes }, data) => {
      const value = digest?.(data);
      assert.deepEqual(value, new Uint8Array(createHash(name).update(data).digest()));
      assert.equal(value?.byteLength, sizeBytes);
    }),
    {
      numRuns: 300,
      examples: computable.flatMap((one) =>
        [0, 63, 64, 127, 128].map(
          (length) => [one, new Uint8Array(length)] as [typeof one, Uint8Array],
        ),
      ),
    },
  );
});
