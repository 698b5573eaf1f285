// The chain of the audit log: what is changed or removed shows, whoever appends, and rows that were
// there before the chain are in it.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { auditLog } from '../../src/store/audit-log.ts';
import { MIGRATIONS, migrate } from '../../src/store/migrate.ts';
import { onBothDatabases } from './databases.ts';

const AT = new Date('2031-05-03T12:00:00.123Z');
const EARLY = 3;

onBothDatabases('the audit log', (opened) => {
  before(async () => {
    await migrate(opened(), migrationsBefore('0011'));
    const early = `INSERT INTO audit_log (at, actor, action, subject, detail)
      SELECT $1::timestamptz + interval '1 microsecond', $2::uuid, 'token.create', 'é "\\' || n,
        '{"role": "admin", "a": 1}'
      FROM generate_series(1, ${EARLY}) AS n`;
    await opened().run(early, [AT, ACTOR]);
    await migrate(opened());
  });

  const log = () => auditLog(opened());
  const append = (subject: string, actor: string | null = ACTOR) =>
    log().append({ at: AT, actor, action: 'token.revoke', subject, detail: { n: 1, text: 'ü' } });
  /** Does what only the owner of the table can do, looks at the chain, and takes it back. */
  const whileForged = async (statements: string, look: () => Promise<void>) => {
    await opened().script(`CREATE TABLE kept AS SELECT * FROM audit_log;
      ALTER TABLE audit_log DISABLE TRIGGER USER; ${statements}`);
    try {
      await look();
    } finally {
      await opened().script(`DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept;
        ALTER TABLE audit_log ENABLE TRIGGER USER; DROP TABLE kept`);
    }
  };
  const brokenAfter = async (statements: string) => {
    let brokenAt: number | null = null;
    await whileForged(statements, async () => {
      ({ brokenAt } = await log().verify());
    });
    assert.equal((await log().verify()).brokenAt, null);
    return brokenAt;
  };

  it('holds the rows from before the chain', async () => {
    const { rows, head, brokenAt } = await log().verify();
    assert.deepEqual([rows, head.id, brokenAt], [EARLY, EARLY, null]);
  });

  it('stays one chain when many append at once', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, index) => append(`at once ${index}`)));
    const { rows, head, brokenAt } = await log().verify();
    assert.deepEqual([rows, head.id, brokenAt], [EARLY + 40, EARLY + 40, null]);
  });

  it('gives back what was appended, newest first', async () => {
    await append('last', null);
    const [record] = await log().list({ subject: 'last' }, { limit: 10 });
    const { hash, ...rest } = record ?? { hash: '' };
    const detail = { n: 1, text: 'ü' };
    const entry = { at: AT, actor: null, action: 'token.revoke', subject: 'last', detail };
    assert.deepEqual(rest, { id: EARLY + 41, ...entry });
    assert.equal(hash, (await log().verify()).head.hash);
  });

  it('refuses to forget', async () => {
    for (const statement of ['DELETE FROM', 'TRUNCATE', `UPDATE`]) {
      const rest = statement === 'UPDATE' ? `SET subject = 'x' WHERE false` : '';
      await assert.rejects(opened().script(`${statement} audit_log ${rest}`), /append-only/);
    }
  });

  for (const column of ['at', 'actor', 'action', 'subject', 'detail', 'hash']) {
    it(`shows a row whose ${column} was changed`, async () => {
      const other = {
        at: `at + interval '1 microsecond'`,
        actor: 'NULL',
        detail: `'{"n": 1, "text":"ü"}'`,
        hash: `sha256(hash)`,
      }[column];
      const value = other ?? `${column} || 'x'`;
      const change = `UPDATE audit_log SET ${column} = ${value} WHERE id = 10`;
      assert.equal(await brokenAfter(change), 10);
    });
  }

  it('shows a row that was removed, by the row after it', async () => {
    assert.equal(await brokenAfter('DELETE FROM audit_log WHERE id = 10'), 11);
    assert.equal(await brokenAfter('DELETE FROM audit_log WHERE id = 1'), 2);
  });

  it('shows that the newest rows were removed, or rows added past the chain', async () => {
    const { head } = await log().verify();
    assert.equal(await brokenAfter(`DELETE FROM audit_log WHERE id > ${head.id - 2}`), head.id - 1);
    const added = `INSERT INTO audit_log SELECT ${head.id + 1}, at, actor, action, subject, detail,
      hash FROM audit_log WHERE id = 1`;
    assert.equal(await brokenAfter(added), head.id + 1);
  });

  it('shows a chain that was written anew to whoever noted its head', async () => {
    const { head } = await log().verify();
    await append('after the note');
    assert.equal((await log().verify(head)).brokenAt, null);
    const other = {
      id: head.id,
      hash: head.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')),
    };
    assert.equal((await log().verify(other)).brokenAt, head.id);
    const later = { id: head.id + 50, hash: head.hash };
    assert.equal((await log().verify(later)).brokenAt, head.id + 2);
  });
});

const ACTOR = '6f9619ff-8b86-4011-b42d-00c04fc964ff';

/** A folder with the migrations whose number is lower. */
function migrationsBefore(number: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-migrations-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of readdirSync(MIGRATIONS).filter((each) => each < number)) {
    cpSync(join(MIGRATIONS, name), join(folder, name));
  }
  return folder;
}
