// `plumbline serve` over TLS as a process: SIGHUP reads the files again and ends nothing.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it } from 'node:test';
import { madeCertificate } from '../api/made-certificate.ts';
import { COMMAND_LINE, temporaryFolder } from './run-command-line.ts';

it('serve reads certificate and key again on SIGHUP', { timeout: 120_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = await madeCertificate();
  await writeFile(cert, made.cert);
  await writeFile(key, made.key);
  const args = [...COMMAND_LINE, 'serve', '--port', '0', '--data', join(folder, 'data')];
  const env = { ...process.env, PLUMBLINE_TLS_CERT: cert, PLUMBLINE_TLS_KEY: key };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const exit = once(child, 'close');
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  const says = async (pattern: RegExp) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) assert.fail(`it never said ${pattern.source}`);
      if (pattern.test(value)) return;
    }
  };

  await says(/listens on https:/);
  await says(/shown this once/);
  child.kill('SIGHUP');
  await says(/SIGHUP: certificate and key were read again/);
  await writeFile(key, (await madeCertificate()).key);
  child.kill('SIGHUP');
  await says(/SIGHUP: the old certificate stays: .*mismatch/);
  child.kill('SIGTERM');
  assert.deepEqual(await exit, [0, null]);
});
