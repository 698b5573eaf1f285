// Every capture gets the same verdict, to the last finding, from the kernel and from the plain
// replay.

import assert from 'node:assert/strict';
import path from 'node:path';
import { afterEach, test } from 'node:test';
import { useKernel } from '../../src/ima/kernel/available-kernel.ts';
import { bundlesBelow, EVIDENCE_FOLDER, loadCapture, structuralVerdict } from './load-capture.ts';

afterEach(() => useKernel('measured'));

for (const bundle of bundlesBelow(EVIDENCE_FOLDER)) {
  test(`${path.relative(EVIDENCE_FOLDER, bundle)} by the kernel and by plain code`, async () => {
    const capture = await loadCapture(bundle);
    useKernel('never');
    const plain = structuralVerdict(capture);
    useKernel('always');
    assert.deepEqual(structuralVerdict(capture), plain);
  });
}
