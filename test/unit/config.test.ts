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
