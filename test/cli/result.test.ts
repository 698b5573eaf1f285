// `plumbline result verify`: good results in every form, and one refusal for each way in which a
// result can be bad. Results are signed by hand, not by the library that checks them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { EAR_PROFILES, earClaims } from '../../src/results/ear.ts';
import { encoded, type MadeKey, madeKey, signJws } from '../support/hand-made-jws.ts';
import { COMMAND_LINE, plumbline, temporaryFolder } from './run-command-line.ts';

const KEY = madeKey('now');
const OTHER = madeKey('now');
const AUDIENCE = 'https://broker.example';
const NONCE = 'bm9uY2Vub25jZQ';

type Claims = Record<string, unknown>;

/** Claims that are good for another minute, changed. */
function claimsOf(change: Claims = {}, status: keyof typeof VECTORS = 'affirming'): Claims {
  const now = Date.now();
  const claims = earClaims(EAR_PROFILES[0], {
    attesterId: 'host-1',
    status,
    trustVector: VECTORS[status],
    policy: { name: 'prod', version: 1, digest: 'sha256:00' },
    issuedAt: new Date(now),
    expiresAt: new Date(now + 60_000),
    build: '1',
    issuer: 'https://plumbline.example',
  });
  return { ...claims, ...change };
}

const GOOD = {
  'instance-identity': 2,
  configuration: 2,
  executables: 2,
  'file-system': 2,
  hardware: 2,
};
const VECTORS = {
  affirming: GOOD,
  warning: { ...GOOD, configuration: 32 },
  contraindicated: { ...GOOD, executables: 96 },
  none: { ...GOOD, executables: 0 },
} as const;

async function keySetFile(t: TestContext, { keySet }: MadeKey = KEY): Promise<string> {
  const file = path.join(await temporaryFolder(t), 'jwks.json');
  await writeFile(file, JSON.stringify(keySet));
  return file;
}

async function verify(t: TestContext, result: string, ...more: readonly string[]) {
  return plumbline('result', 'verify', '--jwks', await keySetFile(t), ...more, result);
}

describe('result verify', () => {
  const CODES = { affirming: 0, contraindicated: 1, warning: 3, none: 4 } as const;
  for (const [status, code] of Object.entries(CODES)) {
    it(`ends with ${code} for ${status}`, async (t) => {
      const known = Object.keys(VECTORS).find(
        (each): each is keyof typeof VECTORS => each === status,
      );
      const { exitCode, stdout } = await verify(t, signJws(claimsOf({}, known), KEY));
      assert.equal(exitCode, code);
      assert.match(stdout, new RegExp(`^${status}  host-1\n`));
      assert.match(stdout, /urn:plumbline:policy:prod:1:sha256:00/);
    });
  }

  it('reads a file, and keys from an address', async (t) => {
    const server = createServer((_, answer) => answer.end(JSON.stringify(KEY.keySet)));
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const file = path.join(await temporaryFolder(t), 'result.jwt');
    await writeFile(file, `${signJws(claimsOf(), KEY)}\n`);
    const jwks = `http://127.0.0.1:${address.port}/jwks.json`;
    const { exitCode, stdout } = await plumbline(
      'result',
      'verify',
      '--jwks',
      jwks,
      '--json',
      file,
    );
    assert.equal(exitCode, 0);
    assert.equal(JSON.parse(stdout).eat_profile, EAR_PROFILES[0]);
  });

  it('gives up on an address that breaks off or never ends', async (t) => {
    const server = createServer(({ url }, answer) => {
      answer.writeHead(url === '/absent' ? 404 : 200);
      answer.write(' '.repeat(url === '/endless' ? 70_000 : 1));
      if (url === '/broken') answer.socket?.destroy();
      else answer.end();
    });
    t.after(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    for (const where of ['absent', 'endless', 'broken']) {
      const jwks = `http://127.0.0.1:${address.port}/${where}`;
      const { exitCode, stderr } = await plumbline('result', 'verify', '--jwks', jwks, 'x');
      assert.equal(exitCode, 2);
      assert.match(stderr, /--jwks/);
    }
  });

  it('reads standard input', async (t) => {
    const args = [...COMMAND_LINE, 'result', 'verify', '--jwks', await keySetFile(t), '-'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(`${signJws(claimsOf(), KEY)}\n`);
    const [exitCode] = await once(child, 'close');
    assert.equal(exitCode, 0);
  });

  it('accepts what was expected', async (t) => {
    const result = signJws(claimsOf({ aud: AUDIENCE, eat_nonce: NONCE }), KEY);
    const expected = ['--audience', AUDIENCE, '--nonce', NONCE, '--attester', 'host-1'];
    const more = ['--issuer', 'https://plumbline.example', '--profile', 'draft'];
    assert.equal((await verify(t, result, ...expected, ...more)).exitCode, 0);
  });

  const seconds = (fromNow: number) => Math.floor(Date.now() / 1000) + fromNow;
  const [head = '', body = '', signature = ''] = signJws(claimsOf(), KEY).split('.');
  const unsigned = `${encoded({ alg: 'none', kid: 'now', typ: 'eat+jwt' })}.${body}`;
  const hmac = `${encoded({ alg: 'HS256', kid: 'now', typ: 'eat+jwt' })}.${body}`;
  const mac = createHmac('sha256', JSON.stringify(KEY.keySet.keys[0])).update(hmac);
  const submods = {
    'host-1': { ear_status: 'affirming', ear_trustworthiness_vector: { hardware: 96 } },
  };

  const BAD: Readonly<Record<string, readonly [result: string, ...more: string[]]>> = {
    'claims that were altered': [`${head}.${encoded(claimsOf({ iat: 1 }))}.${signature}`],
    'a signature that was altered': [
      `${head}.${body}.${Buffer.alloc(64, 1).toString('base64url')}`,
    ],
    'the key of somebody else': [signJws(claimsOf(), OTHER)],
    'a key that is not in the set': [signJws(claimsOf(), { ...KEY, kid: 'later' })],
    'no signature': [`${unsigned}.`],
    'the public key as a secret': [`${hmac}.${mac.digest('base64url')}`],
    'another type': [signJws(claimsOf(), KEY, { typ: 'JWT' })],
    'an unknown critical header': [signJws(claimsOf(), KEY, { crit: ['x'], x: 1 })],
    'a time that is over': [signJws(claimsOf({ exp: seconds(-61) }), KEY)],
    'no end': [signJws(claimsOf({ exp: undefined }), KEY)],
    'a time to come': [signJws(claimsOf({ iat: seconds(120), exp: seconds(180) }), KEY)],
    'another audience': [signJws(claimsOf({ aud: 'x' }), KEY), '--audience', AUDIENCE],
    'no audience': [signJws(claimsOf(), KEY), '--audience', AUDIENCE],
    'an audience that nobody asked for': [signJws(claimsOf({ aud: AUDIENCE }), KEY)],
    'another nonce': [signJws(claimsOf({ eat_nonce: `${NONCE}x` }), KEY), '--nonce', NONCE],
    'no nonce': [signJws(claimsOf(), KEY), '--nonce', NONCE],
    'another issuer': [signJws(claimsOf(), KEY), '--issuer', 'https://other.example'],
    'another attester': [signJws(claimsOf(), KEY), '--attester', 'host-2'],
    'another profile': [signJws(claimsOf(), KEY), '--profile', 'veraison'],
    'a status better than its worst claim': [signJws(claimsOf({ submods }), KEY)],
  };
  for (const [what, [result, ...more]] of Object.entries(BAD)) {
    it(`refuses ${what}`, async (t) => {
      const { exitCode, stdout, stderr } = await verify(t, result, ...more);
      assert.equal(exitCode, 2);
      assert.equal(stdout, '');
      assert.match(stderr, /^plumbline: the result is not good: /);
    });
  }

  it('says what is wrong with the command line', async (t) => {
    const jwks = await keySetFile(t);
    const result = signJws(claimsOf(), KEY);
    const lines = [
      ['result'],
      ['result', 'verify', result],
      ['result', 'verify', '--jwks', jwks],
      ['result', 'verify', '--jwks', jwks, '--profile', 'x', result],
      ['result', 'verify', '--jwks', `${jwks}.none`, result],
      ['result', 'verify', '--jwks', 'http://127.0.0.1:1/', result],
    ];
    for (const line of lines) assert.equal((await plumbline(...line)).exitCode, 2, line.join(' '));
    const noSet = path.join(await temporaryFolder(t), 'set.json');
    await writeFile(noSet, '[]');
    const { stderr } = await plumbline('result', 'verify', '--jwks', noSet, result);
    assert.match(stderr, /key set/);
    await writeFile(noSet, '{"keys":[{"kty":"EC","crv":"P-256","kid":"now","x":"AA"}]}');
    const broken = await plumbline('result', 'verify', '--jwks', noSet, result);
    assert.equal(broken.exitCode, 2);
  });
});
