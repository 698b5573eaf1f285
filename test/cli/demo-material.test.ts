// What the demo ships with fits together: the set is made of the list, the capture stands under the
// demo's policy, and the alterations change what they say and nothing else.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { alterDigest, alterDigestAndColumn, findTarget } from '../../src/cli/demo-list.ts';
import { demoPath, plumbline } from './run-command-line.ts';

async function readList(): Promise<Uint8Array> {
  return gunzipSync(await readFile(demoPath('capture/binary_runtime_measurements.gz')));
}

describe('the reference set of the demo', () => {
  it('is every file of its list', async () => {
    const list = demoPath('capture/binary_runtime_measurements.gz');
    const { stdout } = await plumbline('inspect', '--json', '--count', '1000', list);
    const { shown }: { shown: { name: string; digest: string }[] } = JSON.parse(stdout);
    const measured = shown
      .filter(({ name }) => name.startsWith('/'))
      .map(({ name, digest }) => `${digest.replace('sha256:', '')}  ${name}`);
    const lines = (await readFile(demoPath('sets/demo-host.sha256sum'), 'utf8')).trimEnd();
    assert.deepEqual(new Set(lines.split('\n')), new Set(measured));
  });
});

function differences(left: Uint8Array, right: Uint8Array): readonly number[] {
  assert.equal(left.byteLength, right.byteLength);
  return [...left.keys()].filter((at) => left[at] !== right[at]);
}

describe('an alteration', () => {
  it('changes one byte of one file digest', async () => {
    const list = await readList();
    const target = findTarget(list, '/usr/bin/tpm2');
    assert.equal(target.entryIndex, 6);
    assert.deepEqual(differences(list, alterDigest(list, target)), [target.digestOffsetBytes]);
  });

  it('with its column changes twenty bytes more, all in the column', async () => {
    const list = await readList();
    const target = findTarget(list, '/usr/bin/tpm2');
    const changed = differences(list, alterDigestAndColumn(list, target));
    const [column, data] = [target.columnOffsetBytes, target.dataOffsetBytes];
    for (const at of changed) {
      const inColumn = at >= column && at < column + 20;
      assert.ok(inColumn || at === target.digestOffsetBytes);
    }
    assert.ok(changed.length > 2);
    assert.ok(column < data);
  });

  it('needs a file that was measured', async () => {
    const list = await readList();
    assert.throws(() => findTarget(list, '/usr/bin/nothing'), /no record of/);
  });
});
