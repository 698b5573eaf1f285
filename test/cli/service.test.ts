// `plumbline serve` and `plumbline demo` as processes: what they print, and that they stop when
// they are told to.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { COMMAND_LINE, plumblineProcess, temporaryFolder } from './run-command-line.ts';

interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<number | null>;
  /** The first match of `pattern` in what it prints on either stream. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

/** Starts a command that does not end by itself; ends it with the test. */
function start(t: TestContext, ...args: readonly string[]): Running {
  const child = spawn(process.execPath, [...COMMAND_LINE, ...args]);
  t.after(() => child.kill('SIGKILL'));
  const exit = once(child, 'close').then(([code]) => (typeof code === 'number' ? code : null));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  return {
    child,
    exit,
    async says(pattern) {
      for (;;) {
        const match = pattern.exec(printed);
        if (match !== null) return match;
        const ended = await Promise.race([
          exit.then(() => true),
          once(child.stdout, 'data'),
          once(child.stderr, 'data'),
        ]);
        if (ended === true && !pattern.test(printed)) assert.fail(printed);
      }
    },
  };
}

async function statusOf(url: string, token?: string): Promise<number> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (await fetch(url, { headers })).status;
}

describe('serve', { timeout: 180_000 }, () => {
  it('prints its address, an admin token once, and stops on SIGTERM', async (t) => {
    const folder = await temporaryFolder(t);
    const args = ['serve', '--port', '0', '--data', folder];
    const first = start(t, ...args);
    const [, url = ''] = await first.says(/listens on (http:\S+)/);
    const [, token = ''] = await first.says(/shown this once: (\S+)/);
    assert.equal(await statusOf(`${url}/readyz`), 200);
    assert.equal(await statusOf(`${url}/v1/verdicts`), 401);
    assert.equal(await statusOf(`${url}/v1/verdicts`, token), 200);
    first.child.kill('SIGTERM');
    assert.equal(await first.exit, 0);

    const second = start(t, ...args);
    const [, again = ''] = await second.says(/listens on (http:\S+)/);
    assert.equal(await statusOf(`${again}/v1/verdicts`, token), 200);
    second.child.kill('SIGINT');
    const [ending] = await second.says(/SIGINT(?:.|\n)*/);
    assert.doesNotMatch(ending, /shown this once/);
    assert.equal(await second.exit, 0);
  });

  it('says why it cannot start: exit 2', async (t) => {
    const taken = createServer().listen(0, '127.0.0.1');
    t.after(() => taken.close());
    await once(taken, 'listening');
    const address = taken.address();
    assert.ok(typeof address === 'object' && address !== null);
    const folder = await temporaryFolder(t);
    const args = ['serve', '--port', String(address.port), '--data', folder];
    const { exitCode, stderr } = await plumblineProcess(...args);
    assert.equal(exitCode, 2);
    assert.match(stderr, /cannot start: .*EADDRINUSE/);
  });
});

describe('demo', { timeout: 180_000 }, () => {
  it('shows an accepted and two refused verdicts, with the place, and ends well', async () => {
    const { exitCode, stdout, stderr } = await plumblineProcess('demo');
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(stdout.match(/^(?:affirming|contraindicated)/gm), [
      'affirming',
      'contraindicated',
      'contraindicated',
      'affirming',
    ]);
    const [, , altered = '', hidden = ''] = stdout.split(/^\d\. /m);
    assert.match(altered, /ima\.template_digest_mismatch/);
    assert.match(altered, /entry 6, byte \d+, field template_digest/);
    assert.match(altered, /expected +[0-9a-f]{40}\n +actual +[0-9a-f]{40}\n/);
    assert.match(hidden, /ima\.replay_mismatch/);
    assert.doesNotMatch(hidden, /ima\.template_digest_mismatch/);
    assert.match(stdout, /software/);
    assert.match(stdout, /http:\/\/127\.0\.0\.1:\d+\/v1\/verdicts/);
  });

  it('goes on serving with --keep until it is told to stop', async (t) => {
    const demo = start(t, 'demo', '--keep');
    const [, token = '', url = ''] = await demo.says(/Bearer (\S+)' (http:\S+)/);
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200);
    const { items } = (await answer.json()) as { items: { status: string }[] };
    assert.deepEqual(
      items.map(({ status }) => status),
      ['contraindicated', 'contraindicated', 'affirming'],
    );
    demo.child.kill('SIGINT');
    assert.equal(await demo.exit, 0);
  });
});
