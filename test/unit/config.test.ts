// Settings from the environment: strict defaults, and one message for every mistake.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SettingsError, settingsFrom } from '../../src/config.ts';

it('an empty environment serves this machine from a folder', () => {
  const settings = settingsFrom({ UNRELATED: 'x', PORT: '' });
  assert.equal(settings.host, '127.0.0.1');
  assert.equal(settings.port, 8080);
  assert.deepEqual(settings.database, { kind: 'embedded', folder: 'plumbline-data' });
});

it('DATABASE_URL takes the place of the folder', () => {
  const url = 'postgres://plumbline@db/plumbline';
  const settings = settingsFrom({ DATABASE_URL: url, PLUMBLINE_DATA: 'elsewhere', PORT: '0' });
  assert.deepEqual(settings.database, { kind: 'postgres', url });
  assert.equal(settings.port, 0);
});

it('every mistake is named at once', () => {
  const wrong = { PORT: '65536', DATABASE_URL: 'mysql://x', PLUMBLINE_APPRAISALS: '0' };
  assert.throws(
    () => settingsFrom(wrong),
    (error) => {
      assert.ok(error instanceof SettingsError);
      for (const name of Object.keys(wrong)) assert.ok(error.message.includes(name), name);
      // Values may be secrets.
      assert.ok(!error.message.includes('mysql'));
      return true;
    },
  );
});

const mistakes = (environment: Record<string, string>): string => {
  try {
    settingsFrom(environment);
  } catch (error) {
    return error instanceof SettingsError ? error.message : 'another error';
  }
  return 'none';
};

it('other machines are served over TLS, or behind a proxy that ends it', () => {
  for (const host of ['0.0.0.0', '::', '192.0.2.1', 'attest.example']) {
    assert.match(mistakes({ HOST: host }), /HOST: .*PLUMBLINE_PLAIN_HTTP/);
    assert.equal(mistakes({ HOST: host, PLUMBLINE_PLAIN_HTTP: 'behind-proxy' }), 'none');
    const files = { PLUMBLINE_TLS_CERT: 'cert.pem', PLUMBLINE_TLS_KEY: 'key.pem' };
    assert.equal(mistakes({ HOST: host, ...files }), 'none');
  }
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) {
    assert.equal(mistakes({ HOST: host }), 'none');
  }
  assert.match(mistakes({ PLUMBLINE_PLAIN_HTTP: 'yes' }), /PLUMBLINE_PLAIN_HTTP/);
  assert.match(mistakes({ PLUMBLINE_TLS_CERT: 'cert.pem' }), /PLUMBLINE_TLS_KEY/);
  assert.match(mistakes({ PLUMBLINE_TLS_KEY: 'key.pem' }), /PLUMBLINE_TLS_CERT/);
});

it('proxies are addresses or networks, and nobody unless named', () => {
  assert.equal(settingsFrom({}).trustedProxies, undefined);
  const { trustedProxies } = settingsFrom({
    PLUMBLINE_TRUSTED_PROXIES: '192.0.2.1, 2001:db8::/32',
  });
  assert.deepEqual(trustedProxies, ['192.0.2.1', '2001:db8::/32']);
  for (const wrong of ['true', 'loopback', '192.0.2.1,', '192.0.2.0/33']) {
    assert.match(
      mistakes({ PLUMBLINE_TRUSTED_PROXIES: wrong }),
      /PLUMBLINE_TRUSTED_PROXIES/,
      wrong,
    );
  }
});

it('an issuer comes with audience and roles, over TLS', () => {
  assert.equal(settingsFrom({}).oidc, undefined);
  const PLUMBLINE_OIDC_ISSUER = 'https://issuer.example/realm';
  const PLUMBLINE_OIDC_AUDIENCE = 'plumbline';
  const PLUMBLINE_OIDC_ROLES = 'sre = operator, cn=root=admin';
  const all = { PLUMBLINE_OIDC_ISSUER, PLUMBLINE_OIDC_AUDIENCE, PLUMBLINE_OIDC_ROLES };
  assert.deepEqual(settingsFrom(all).oidc, {
    issuer: PLUMBLINE_OIDC_ISSUER,
    audience: 'plumbline',
    roleClaim: 'roles',
    roles: new Map([
      ['sre', 'operator'],
      ['cn=root', 'admin'],
    ]),
  });
  for (const name of Object.keys(all)) {
    assert.match(mistakes({ ...all, [name]: '' }), new RegExp(`${name}: .*needed`));
  }
  for (const address of ['http://issuer.example', 'ftp://x', 'http://127.0.0.1.example']) {
    assert.match(mistakes({ ...all, PLUMBLINE_OIDC_ISSUER: address }), /an https/, address);
  }
  assert.match(mistakes({ ...all, PLUMBLINE_OIDC_JWKS: 'http://x/keys' }), /an https/);
  for (const roles of ['sre', 'sre=root', '=admin', 'a=admin,a=operator', 'a=admin,']) {
    assert.match(mistakes({ ...all, PLUMBLINE_OIDC_ROLES: roles }), /pairs value=role/, roles);
  }
});

it('results have an issuer and a key of their own when both are named', () => {
  const none = settingsFrom({});
  assert.deepEqual([none.issuer, none.resultKeyFile], [undefined, undefined]);
  const named = { PLUMBLINE_ISSUER: 'https://plumbline.example', PLUMBLINE_RESULT_KEY: 'key.jwk' };
  const { issuer, resultKeyFile } = settingsFrom(named);
  assert.deepEqual([issuer, resultKeyFile], ['https://plumbline.example', 'key.jwk']);
  assert.match(mistakes({ PLUMBLINE_ISSUER: 'http://plumbline.example' }), /PLUMBLINE_ISSUER/);
});
