// The command line as a whole: help, version, and what happens when it is called wrongly.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import description from '../../package.json' with { type: 'json' };
import { GENERAL_HELP, HELP } from '../../src/cli/help.ts';
import { demoPath, plumbline, plumblineProcess } from './run-command-line.ts';

const BUNDLE = demoPath('capture/host.bundle.json');
const COMMANDS = ['serve', 'verify', 'inspect', 'policy', 'demo'];

describe('help', () => {
  it('is printed in general and for every command, with something to copy', async () => {
    const general = await plumbline('--help');
    assert.equal(general.exitCode, 0);
    for (const command of COMMANDS) {
      assert.match(general.stdout, new RegExp(`^ {2}${command}`, 'm'));
      const help = await plumbline(command, '--help');
      assert.equal(help.exitCode, 0);
      assert.match(help.stdout, new RegExp(`plumbline ${command}`));
      assert.equal(help.stderr, '');
    }
  });

  it('fits into 80 columns', () => {
    const lines = [GENERAL_HELP, ...HELP.values()].flatMap((page) => page.split('\n'));
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
  });
});

describe('a process', () => {
  it('has the exit code, the output and the silence of its command', async () => {
    const { exitCode, stdout, stderr } = await plumblineProcess('verify', '--json', BUNDLE);
    assert.equal(exitCode, 0);
    assert.equal(JSON.parse(stdout).status, 'affirming');
    assert.equal(stderr, '');
    const wrong = await plumblineProcess('verify', 'none.json');
    assert.equal(wrong.exitCode, 2);
    assert.equal(wrong.stdout, '');
  });
});

describe('version', () => {
  it('is that of the package', async () => {
    const { exitCode, stdout } = await plumbline('--version');
    assert.equal(exitCode, 0);
    assert.equal(stdout, `${description.version}\n`);
  });
});

describe('usage mistakes', () => {
  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['no command', [], /Usage: plumbline COMMAND/],
    ['an unknown command', ['attest'], /unknown command attest(?:.|\n)*verify/],
    ['help for an unknown command', ['help', 'attest'], /unknown command attest/],
    ['verify without a bundle', ['verify'], /at least one evidence bundle/],
    ['an unknown option', ['verify', '--polcy', 'x', 'y'], /--polcy(?:.|\n)*verify --help/],
    ['an option without its value', ['verify', 'x', '--policy'], /--policy/],
    ['a timeline without a folder', ['verify', '--state', 'none/s', 'x'], /no folder none/],
    ['a packed timeline', ['verify', '--state', 's.gz', 'x'], /s\.gz: not kept compressed/],
    [
      'keyrings without a policy',
      ['verify', '--keyrings', 'k', 'x'],
      /--keyrings without --policy/,
    ],
    ['sets without a policy', ['verify', '--sets', 'demo/sets', 'x'], /--sets without --policy/],
    ['a bundle that is not there', ['verify', 'none.json'], /none\.json: no such file/],
    ['a folder for a bundle', ['verify', 'demo'], /demo: not a regular file/],
    ['inspect of two files', ['inspect', 'a', 'b'], /name one file/],
    ['inspect as nothing', ['inspect', '--as', 'thing', 'x'], /thing is none of quote/],
    ['inspect from no number', ['inspect', '--from', '-1', 'x'], /--from/],
    ['policy without check', ['policy', 'try', 'x'], /actions are check/],
    ['serve with an argument', ['serve', 'now'], /serve/],
    ['a port that is none', ['serve', '--port', '65536'], /--port: 65536 is not a number/],
    ['demo with an argument', ['demo', 'now'], /demo/],
  ];
  for (const [name, args, expected] of mistakes) {
    it(`${name}: exit 2 with a way out, nothing on standard output`, async () => {
      const { exitCode, stdout, stderr } = await plumbline(...args);
      assert.equal(exitCode, 2);
      assert.match(stderr, expected);
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /\n\s+at /);
    });
  }

  it('shows no control characters of a file name', async () => {
    const { stderr } = await plumbline('verify', 'x\u001b[2J.json');
    assert.ok(!stderr.includes('\u001b'));
    assert.match(stderr, /\\u\{1b\}/);
  });
});
