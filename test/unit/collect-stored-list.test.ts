// The files that captured measurement lists record, compared with the kernel's own text form.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { toHex } from '../../src/bytes/encoding.ts';
import { RecordedValues } from '../../src/collect/stored-list.ts';

const CLAIM = { kind: 'current', encoding: 'binary', digestColumn: 'sha1' } as const;

describe('a stored list', () => {
  it('gives every file that it records, as the text form names it', () => {
    const expected = new TextDecoder()
      .decode(listFile('ascii_runtime_measurements'))
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, , , , name = '']) => name.startsWith('/'))
      .map(([, , , digest = '', name = '']) => `${digest} ${name}`);
    const values = new RecordedValues([CLAIM]);
    values.push(0, listFile('binary_runtime_measurements'));
    assert.equal(values.end(), undefined);
    const found = [...values.take()].map((value) =>
      'kind' in value ? value.why : `${value.algorithm}:${toHex(value.digest)} ${value.path}`,
    );
    assert.ok(expected.length > 1600);
    // The binary form was read four records later.
    assert.deepEqual(found.slice(0, expected.length), expected);
  });

  it('says where it breaks', () => {
    const values = new RecordedValues([CLAIM]);
    values.push(0, new Uint8Array([10, 0, 0, 0, 1, 2]));
    assert.match(values.end() ?? '', /^record 0/);
  });
});

function listFile(name: string): Uint8Array {
  const folder = new URL('../evidence/public/Fraunhofer-SIT-charra/', import.meta.url);
  return gunzipSync(readFileSync(new URL(`${name}.gz`, folder)));
}
