// The published records and their replay: a quote over the stated value must prove them.
// FORMATS 18.1, 18.3.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../src/bytes/encoding.ts';
import { ByteReader } from '../../src/bytes/reader.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { readTemplateFields, type TemplateFields } from '../../src/ima/template-fields.ts';
import { templateByName } from '../../src/ima/templates.ts';
import type { VerdictBody } from '../../src/verify/verdict.ts';
import { structuralVerdict } from '../captures/load-capture.ts';
import { ascii, hash, join, unhex, word } from '../property/list-writer.ts';
import { BINARY_SEGMENT, quoteOver } from '../property/made-quote.ts';

/** A: boot_aggregate of a public machine, in the SHA-1 file, 101 bytes. */
const A = unhex(`
  0a000000 2e03b3fdb0014fc8bae2a07ca33ae67125b290f3 06000000 696d612d6e67 3f000000
  28000000 7368613235363a00 83d19723ef3b3c05bb8ae70d86b3886c158f2408f1b71ed265886a7b79eb700e
  0f000000 626f6f745f61676772656761746500`);

/** B: template data of /init of the same machine, 54 bytes. */
const B_DATA = unhex(`
  280000007368613235363a00ae06e032a65fed8102aff5f8f31c678dcf2eb25b826f77ecb699faa0411f89e0
  060000002f696e697400`);
const B = record('ima-ng', '983dcd8e6f7c84a1a5f10e762d1850623966ceab', B_DATA);

/** C: a violation on /init. */
const C = record(
  'ima-ng',
  '00'.repeat(20),
  join(unhex(`280000007368613235363a00${'00'.repeat(32)}`), unhex('060000002f696e697400')),
);

const BUFFER_OF_KEXEC_LOAD = ascii(
  'kexec_segment_size=4096;ima_binary_runtime_size=1234;ima_runtime_measurements_count=17;',
);

test('18.1: aggregates of a kernel without a TPM', () => {
  const vectors = [
    {
      name: 'boot_aggregate',
      dataBytes: 63,
      sha1: '0adefe762c149c7cec19da62f0da1297fcfbffff',
      sha256: '36f1cd67a730bc4137870c4d00dbc7430b51b1ebdaa130744297cf65339078a0',
    },
    {
      name: 'boot_aggregate_late',
      dataBytes: 68,
      sha1: '4e5d73ebadfd8f850cb93ce4de755ba148a9a7d5',
      sha256: '2b8ac4b79285ab31eaff1c5ac3569ee7ddcf8c2f957d56d3fb326ddfb40f24b0',
    },
  ];
  for (const { name, dataBytes, sha1, sha256 } of vectors) {
    const data = fields(join(ascii('sha256:\0'), new Uint8Array(32)), ascii(`${name}\0`));
    assert.equal(data.byteLength, dataBytes);
    assertDigests('ima-ng', data, { sha1, sha256 });
    const read = fieldsOf('ima-ng', data);
    assert.equal(Buffer.from(read.name ?? []).toString('latin1'), name);
    assert.equal(toHex(read.fileDigest?.bytes ?? new Uint8Array()), '00'.repeat(32));
  }
});

test('18.3: the template digests of A and B in the SHA-256 file', () => {
  assertDigests('ima-ng', A.slice(38), {
    sha256: '831fab1149afeea01a8ddf08fdffa29abb813ae6d29a24353dacdf603d074098',
  });
  assertDigests('ima-ng', B_DATA, {
    sha256: '2cb93315859666f5cc2fd515740860f6523af999ce66712fbaa8338b7c03ae14',
  });
});

test('18.3: PCR 10 behind A, B and C in every bank and mode', () => {
  assert.equal(A.byteLength, 101);
  const rows: readonly (readonly [Uint8Array, string, string, string])[] = [
    [
      A,
      'cf1375f330b17055e0412f6aa94409958d9d66394b21cbb806da2a9b7d52ea9d',
      'eb309918579e848d89a02072592233220772fbe9',
      'd453df4fc20f12ae08ec4fb1d94648d2c6df8f712806d21ec3e042abdfe3fff4',
    ],
    [
      B,
      '7a38d4bbd10eab180e846a49f7cb75742978c51205cc602b1c671167ff4b61b9',
      '4be0e13d6520d8ccdd7489b3c55d3b38387b5368',
      '74700369a01c4d6da95fc287db7120d802bbfd47f52b1be38ff0f6f652f10150',
    ],
    [
      C,
      '45b07a40db56e350167f15679edac1f0f24ab7a9b6c0c25c4031a298037f65de',
      'f79d6bf911882d3c46458da4e1bbfd1b781a8aef',
      '34b89ff8beeda5fd2af0033dcd3ec2cacb74f6c644f089a2ffc4115becc73215',
    ],
  ];
  let list: Uint8Array = new Uint8Array();
  for (const [index, [bytes, sha256, sha1, padded]] of rows.entries()) {
    list = join(list, bytes);
    const proven = (bank: HashName, value: string) => {
      const { ima } = verdictOver(list, { bank, value: unhex(value) }).coverage;
      assert.equal(ima?.provenCount, index + 1, `${bank} behind ${index}`);
      return ima.banks[bank]?.extended;
    };
    assert.equal(proven('sha256', sha256), 'own-hash');
    assert.equal(proven('sha1', sha1), 'own-hash');
    assert.equal(proven('sha256', padded), 'padded-sha1');
  }
  const [, behindB] = rows;
  const { coverage } = verdictOver(list, { bank: 'sha256', value: unhex(behindB?.[1] ?? '') });
  assert.equal(coverage.ima?.provenCount, 2);
  assert.equal(coverage.ima?.pendingCount, 1);
});

test('18.3: C is a violation, A and B are not', () => {
  const value = unhex('45b07a40db56e350167f15679edac1f0f24ab7a9b6c0c25c4031a298037f65de');
  const { findings } = verdictOver(join(A, B, C), { bank: 'sha256', value });
  const violations = findings.filter(({ code }) => code === 'ima.violation_present');
  assert.deepEqual(
    violations.map(({ where, subject }) => [where.entryIndex, subject?.path]),
    [[2, '/init']],
  );
});

test('18.3: the legacy template, whose digest covers 276 bytes', () => {
  const bytes = unhex(`
    0a000000 2d7c859d31f6250dfd97c74dee43358e2fecbd31 03000000 696d61
    f572d396fae9206628714fb2ce00f72e94f2258f 09000000 2f62696e2f74727565`);
  assert.equal(bytes.byteLength, 64);
  const sha256 = 'aefe75b8dff946574e52ba4e650f7b145a8eca12507086832510db36cda2bfdd';
  assertProves(bytes, { bank: 'sha1', digest: '2d7c859d31f6250dfd97c74dee43358e2fecbd31' });
  assertProves(bytes, { bank: 'sha256', digest: sha256 });
  const wide = join(unhex(`0a000000 ${sha256}`), bytes.slice(24));
  assertProves(wide, { bank: 'sha256', digest: sha256, column: 'sha256' });
  const read = fieldsOf('ima', bytes.slice(31));
  assert.equal(Buffer.from(read.name ?? []).toString('latin1'), '/bin/true');
  assert.equal(read.fileDigest?.algorithm, 'sha1');
});

test('18.3: ima-ngv2 with an fs-verity digest', () => {
  const counted = unhex(
    Array.from({ length: 32 }, (_, at) => at.toString(16).padStart(2, '0')).join(''),
  );
  const data = fields(join(ascii('verity:sha256:\0'), counted), ascii('/usr/bin/x\0'));
  assert.equal(data.byteLength, 66);
  const sha256 = '36a39e1d070565d58bb47db39eb9411378470d685fc5a32826376bfa58a682d6';
  assertDigests('ima-ngv2', data, { sha256 });
  const read = fieldsOf('ima-ngv2', data);
  assert.equal(read.fileDigest?.of, 'verity');
  assert.equal(toHex(read.fileDigest?.bytes ?? new Uint8Array()), toHex(counted));
});

test('18.3: buffers of kernels with ima_hash=sha1', () => {
  const vectors = [
    {
      name: 'kernel_version',
      buffer: '6.3.0-rc3+',
      digest: '4acab4fbb08db663b7b7b4528e8729187d726782',
      sha1: '8f449175bbf88bc55fc1127466628c39a3957d15',
    },
    {
      name: 'ima_init_tpm_update_counter',
      buffer: 'update_counter=130;',
      digest: 'd8c187524412f74a961f2051a9529c009e700337',
      sha1: 'f10678b63c4b2529339dff02282e63d9c6bb0385',
    },
  ];
  for (const { name, buffer, digest, sha1 } of vectors) {
    const data = fields(join(ascii('sha1:\0'), unhex(digest)), ascii(`${name}\0`), ascii(buffer));
    assertDigests('ima-buf', data, { sha1 });
    const read = fieldsOf('ima-buf', data);
    assert.equal(Buffer.from(read.buffer ?? []).toString('latin1'), buffer);
  }
});

test('18.3: kexec_load', () => {
  const digest = 'e3e1a86559419ef4d40116c8a9eb5825b5160cba09d2a0f5db98eeb2c4e461d9';
  assert.equal(BUFFER_OF_KEXEC_LOAD.byteLength, 87);
  const data = fields(
    join(ascii('sha256:\0'), unhex(digest)),
    ascii('kexec_load\0'),
    BUFFER_OF_KEXEC_LOAD,
  );
  const sha256 = 'c1e67348d8280428a8c1e7303a8497450f565241b4620cde6253cf74af23f140';
  assertDigests('ima-buf', data, { sha256 });
});

/** Template data of fields, each behind its length. */
function fields(...all: readonly Uint8Array[]): Uint8Array {
  return join(...all.flatMap((field) => [word(field.byteLength, 'little'), field]));
}

function record(template: string, column: string, data: Uint8Array): Uint8Array {
  return join(
    word(10, 'little'),
    unhex(column),
    word(template.length, 'little'),
    ascii(template),
    word(data.byteLength, 'little'),
    data,
  );
}

/** A record with the stated digest in its column is proven by a quote over the stated digest
 *  extended once; with any other digest in either place it is not. */
function assertDigests(
  template: string,
  data: Uint8Array,
  stated: Readonly<Partial<Record<'sha1' | 'sha256', string>>>,
): void {
  for (const bank of ['sha1', 'sha256'] as const) {
    const digest = stated[bank];
    if (digest === undefined) continue;
    assertProves(record(template, digest, data), { bank, digest, column: bank });
    const other = `${digest.startsWith('f') ? '0' : 'f'}${digest.slice(1)}`;
    const columnWrong = verdictBehind(record(template, other, data), {
      bank,
      digest,
      column: bank,
    });
    assert.ok(columnWrong.findings.some(({ code }) => code === 'ima.template_digest_mismatch'));
    const valueWrong = verdictBehind(record(template, digest, data), {
      bank,
      digest: other,
      column: bank,
    });
    assert.equal(valueWrong.coverage.ima?.provenCount, null);
  }
}

/** One extend of one bank, and the algorithm of the digest column. */
interface OneExtend {
  readonly bank: HashName;
  readonly digest: string;
  readonly column?: HashName;
}

function assertProves(list: Uint8Array, extend: OneExtend): void {
  const { coverage, findings } = verdictBehind(list, extend);
  assert.equal(coverage.ima?.provenCount, 1);
  assert.ok(!findings.some(({ code }) => code === 'ima.template_digest_mismatch'));
}

function verdictBehind(list: Uint8Array, { bank, digest, column }: OneExtend): VerdictBody {
  const extended = unhex(digest);
  const value = hash(bank, join(new Uint8Array(extended.byteLength), extended));
  return verdictOver(list, { bank, value, column: column ?? 'sha1' });
}

function verdictOver(
  list: Uint8Array,
  quoted: { readonly bank: HashName; readonly value: Uint8Array; readonly column?: HashName },
): VerdictBody {
  const segment = { ...BINARY_SEGMENT, digestColumn: quoted.column ?? 'sha1' };
  const values = new Map([[quoted.bank, new Map([[10, quoted.value]])]]);
  return structuralVerdict({ evidence: quoteOver(values, [segment]), segments: [list] });
}

function fieldsOf(name: string, data: Uint8Array): TemplateFields {
  const template = templateByName(name);
  assert.ok(template);
  return readTemplateFields(new ByteReader(data, 'little'), template);
}
