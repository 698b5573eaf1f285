// TLS by certificate files, new ones without an end of service, and what browsers are told.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TLSSocket } from 'node:tls';
import { settingsFrom } from '../../src/config.ts';
import { type RunningService, startService } from '../../src/main.ts';
import { type MadeCertificate, madeCertificate } from './made-certificate.ts';

const STRICT = {
  'content-security-policy':
    "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cache-control': 'no-store',
};

describe('a service with certificate files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-tls-'));
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const environment = {
    PORT: '0',
    PLUMBLINE_DATA: join(folder, 'data'),
    PLUMBLINE_LOG_LEVEL: 'silent',
  };
  let service: RunningService;
  let first: MadeCertificate;

  const write = (made: MadeCertificate) => {
    writeFileSync(cert, made.cert);
    writeFileSync(key, made.key);
  };
  before(async () => {
    first = await madeCertificate();
    write(first);
    const files = { PLUMBLINE_TLS_CERT: cert, PLUMBLINE_TLS_KEY: key };
    service = await startService(settingsFrom({ ...environment, ...files }));
  });
  after(async () => {
    await service.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const shows = async (made: MadeCertificate) => ask(service.url, { ca: made.cert });

  it('speaks TLS and says so', async () => {
    assert.match(service.url, /^https:/);
    const { status, headers, protocol } = await shows(first);
    assert.equal(status, 401);
    assert.equal(protocol, 'TLSv1.3');
    assert.equal(headers['strict-transport-security'], 'max-age=31536000; includeSubDomains');
    for (const [name, value] of Object.entries(STRICT)) assert.equal(headers[name], value, name);
  });

  it('speaks no old TLS', async () => {
    const lax = { ca: first.cert, ciphers: 'DEFAULT@SECLEVEL=0' };
    const second = await ask(service.url, { ...lax, maxVersion: 'TLSv1.2' });
    assert.equal(second.protocol, 'TLSv1.2');
    const old = { ...lax, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    await assert.rejects(ask(service.url, old), /alert protocol version/);
  });

  it('shows a new certificate when told to, and keeps the old one if that is broken', async () => {
    const next = await madeCertificate();
    write({ ...next, key: first.key });
    await assert.rejects(async () => service.reloadKeys?.(), /key values mismatch/);
    assert.equal((await shows(first)).status, 401);
    write(next);
    await service.reloadKeys?.();
    assert.equal((await shows(next)).status, 401);
    await assert.rejects(shows(first), /self-signed/);
  });

  it('cannot start without them', async () => {
    const files = { PLUMBLINE_TLS_CERT: join(folder, 'nowhere'), PLUMBLINE_TLS_KEY: key };
    const elsewhere = { PLUMBLINE_DATA: join(folder, 'other') };
    const settings = settingsFrom({ ...environment, ...files, ...elsewhere });
    await assert.rejects(startService(settings), /ENOENT/);
  });

  it('is as strict with browsers on plain HTTP, and promises no TLS there', async () => {
    const elsewhere = { PLUMBLINE_DATA: join(folder, 'plain') };
    const plain = await startService(settingsFrom({ ...environment, ...elsewhere }));
    assert.equal(plain.reloadKeys, undefined);
    for (const path of ['/healthz', '/nowhere', '/v1/verdicts', '/openapi.json']) {
      const { headers } = await fetch(`${plain.url}${path}`);
      for (const [name, value] of Object.entries(STRICT)) assert.equal(headers.get(name), value);
      assert.equal(headers.get('strict-transport-security'), null);
    }
    await plain.close();
  });
});

interface Shown {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly protocol: string | null;
}

/** Asks for something on a connection of its own. */
function ask(url: string, options: RequestOptions): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const own = { ...options, servername: 'localhost', agent: false };
    get(`${url}/v1/verdicts`, { ...own, checkServerIdentity: () => undefined }, (answer) => {
      const { socket, statusCode: status, headers } = answer;
      const protocol = socket instanceof TLSSocket ? socket.getProtocol() : null;
      answer.resume().on('end', () => resolve({ status, headers, protocol }));
    }).on('error', reject);
  });
}
