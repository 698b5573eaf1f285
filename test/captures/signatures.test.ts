// Signed files and loaded keys as hosts recorded them: every good and every bad entry, by index and
// byte. test/evidence/02-ima-sig, 03-ima-buf, public/kgoldman-acs.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fromHex } from '../../src/bytes/encoding.ts';
import type { Keyring } from '../../src/crypto/trusted-key.ts';
import { readKeyring } from '../../src/enroll/keyring-file.ts';
import { FindingLog } from '../../src/findings/finding.ts';
import { type ImaRecord, readRecordFields, templateOf } from '../../src/ima/record.ts';
import type { ImaAcceptance } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judgeMeasurement } from '../../src/policy/judge-measurement.ts';
import { ReferenceSetBuilder } from '../../src/policy/reference-set.ts';
import { verifyEvidence } from '../../src/verify/verify.ts';
import { splitRecords } from '../property/list-writer.ts';
import { MINIMAL_POLICY, parsed } from '../unit/policy-documents.ts';
import { findingsOf, policyWith } from '../unit/verify-scene.ts';
import { EVIDENCE_FOLDER, loadCapture } from './load-capture.ts';

function evidenceFile(name: string): Uint8Array {
  const bytes = new Uint8Array(readFileSync(path.join(EVIDENCE_FOLDER, name)));
  return name.endsWith('.gz') ? new Uint8Array(gunzipSync(bytes)) : bytes;
}

function keyringFrom(...names: readonly string[]): Keyring {
  const text = names.map((name) => Buffer.from(evidenceFile(name)).toString('latin1')).join('\n');
  const reading = readKeyring(new Uint8Array(Buffer.from(text, 'latin1')));
  assert.ok(reading.ok, JSON.stringify(reading));
  return reading.keyring;
}

const RSA_KEY = '02-ima-sig/ima-keys/ima-rsa.crt.pem';
const EC_KEY = '02-ima-sig/ima-keys/ima-ec.crt.pem';

const KEYRINGS: ReadonlyMap<string, Keyring> = new Map([
  ['vendor', keyringFrom(RSA_KEY, EC_KEY)],
  ['rsa', keyringFrom(RSA_KEY)],
  ['public', keyringFrom('public/kgoldman-acs/imakey.der')],
  ['loaded', keyringFrom('03-ima-buf/ima-keys/ima-rsa.crt.pem')],
]);

function acceptance(rules: readonly object[], ima: object = {}, known: readonly string[] = []) {
  const builder = new ReferenceSetBuilder();
  for (const hex of known) {
    builder.add({ algorithm: 'sha256', digest: fromHex(hex) ?? new Uint8Array() });
  }
  const sets = new Map([['known', builder.build()]]);
  const document = parsed({ ...MINIMAL_POLICY, ima: { ...ima, measurements: rules } });
  const result = compilePolicy(document, { sets, keyrings: KEYRINGS, version: null });
  assert.ok(result.ok, JSON.stringify(result));
  assert.ok(result.policy.ima !== 'not-required');
  return result.policy.ima;
}

/** The records of a kernel list with SHA-1 column, framed without the product's own reader. */
function recordsOf(list: Uint8Array): readonly ImaRecord[] {
  let offsetBytes = 0;
  return splitRecords(list).map((bytes, index) => {
    const nameBytes = Buffer.from(bytes).readUInt32LE(24);
    const record: ImaRecord = {
      index,
      segment: 0,
      offsetBytes,
      pcr: 10,
      violation: false,
      columnMismatch: false,
      column: bytes.slice(4, 24),
      columnHash: 'sha1',
      templateName: bytes.slice(28, 28 + nameBytes),
      templateData: bytes.slice(32 + nameBytes),
      dataOffsetBytes: offsetBytes + 32 + nameBytes,
      byteOrder: 'little',
    };
    offsetBytes += bytes.byteLength;
    return record;
  });
}

/** Indices by what was found of each record; `ima.file_unknown` goes without saying. */
function indicesByCode(list: Uint8Array, ima: ImaAcceptance): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const record of recordsOf(list)) {
    const template = templateOf(record);
    const fields = template && readRecordFields(record, template);
    assert.ok(template && fields?.ok);
    const log = new FindingLog(10);
    judgeMeasurement({ record, template, fields: fields.value, provenAtMs: undefined }, ima, log);
    for (const { code, where } of log.save().findings) {
      assert.equal(where.entryIndex, record.index);
      assert.equal(where.offsetBytes, record.offsetBytes);
      if (code.startsWith('ima.file_sign')) found[code] = [...(found[code] ?? []), record.index];
    }
  }
  return found;
}

function signedBy(...keyrings: readonly string[]): object {
  return { id: 'signed', path: '/**', signedBy: keyrings, then: 'accept' };
}

const LIST = evidenceFile('02-ima-sig/q01-ecdsa-pcr10/binary_runtime_measurements');
const BY_EC = [68, 70, 73, 77, 80, 82, 85];
const BY_RSA = [69, 71, 78, 81, 84, 86, 88];
const BY_EITHER = [...BY_EC, ...BY_RSA].sort((left, right) => left - right);
/** /data/two.conf carries the signature of /data/one.conf. */
const OF_ANOTHER_FILE = 90;

describe('02-ima-sig', () => {
  it('names each signed file, and the one with the signature of another file', () => {
    assert.deepEqual(indicesByCode(LIST, acceptance([signedBy('vendor')])), {
      'ima.file_signed': BY_EITHER,
      'ima.file_signature_invalid': [OF_ANOTHER_FILE],
    });
  });

  it('does not know the signer that is on no keyring', () => {
    assert.deepEqual(indicesByCode(LIST, acceptance([signedBy('rsa')])), {
      'ima.file_signed': BY_RSA,
      'ima.file_signature_key_unknown': BY_EC,
      'ima.file_signature_invalid': [OF_ANOTHER_FILE],
    });
  });

  it('counts no hash that the policy does not take', () => {
    const hashes = ['sha256'];
    const found = indicesByCode(LIST, acceptance([signedBy('vendor')], { signatures: { hashes } }));
    assert.deepEqual(found['ima.file_signature_weak'], [68, 77, 84]);
  });

  it('refuses that one file in a whole verdict, with its place', async () => {
    const { evidence, segments } = await loadCapture('02-ima-sig/q01-ecdsa-pcr10');
    const others = recordsOf(LIST).filter(({ index }) => index > 0 && index !== OF_ANOTHER_FILE);
    const known = others.map(({ templateData }) => {
      const digestBytes = Buffer.from(templateData).readUInt32LE(0);
      return Buffer.from(templateData.slice(4 + 'sha256:'.length + 1, 4 + digestBytes));
    });
    const unsigned = known.filter((digest) => digest.byteLength === 32);
    const rules = [signedBy('vendor'), { id: 'known', digestIn: ['known'], then: 'accept' }];
    const hexes = unsigned.map((digest) => digest.toString('hex'));
    const { measurements, fileDigests } = acceptance(rules, {}, hexes);
    const policy = policyWith({ measurements, fileDigests });
    const verdict = verifyEvidence(evidence, segments, policy);
    assert.equal(verdict.status, 'contraindicated');
    const [offset] = recordsOf(LIST).slice(OF_ANOTHER_FILE);
    for (const code of ['ima.file_signature_invalid', 'ima.file_unknown']) {
      const [finding, ...more] = findingsOf(verdict, code);
      assert.deepEqual(more, []);
      assert.equal(finding?.severity, 'contraindicated');
      assert.equal(finding.where.entryIndex, OF_ANOTHER_FILE);
      assert.equal(finding.where.offsetBytes, offset?.offsetBytes);
      assert.equal(finding.subject?.path, '/data/two.conf');
    }
    assert.equal(verdict.findingCounts['ima.file_signed'], BY_EITHER.length);
  });
});

/** Type, version, SHA-256 and key of every signature in that list. */
const HEADER = Buffer.from('0302040beb6a130080', 'hex');

describe('the public list of signed files', () => {
  const list = evidenceFile('public/kgoldman-acs/imasig.first-500.log.gz');
  const signed = recordsOf(list)
    .filter(({ templateData }) => Buffer.from(templateData).lastIndexOf(HEADER) >= 0)
    .map(({ index }) => index);
  const weak = { signatures: { minRsaBits: 1024 } };

  it('has 317 signatures by one key of 1024 bits, all of them good', () => {
    assert.equal(signed.length, 317);
    const found = indicesByCode(list, acceptance([signedBy('public')], weak));
    assert.deepEqual(found, { 'ima.file_signed': signed });
  });

  it('has none that counts where 2048 bits are asked for', () => {
    const found = indicesByCode(list, acceptance([signedBy('public')]));
    assert.deepEqual(found, { 'ima.file_signature_weak': signed });
  });

  it('has none by other keys', () => {
    const found = indicesByCode(list, acceptance([signedBy('vendor')], weak));
    assert.deepEqual(found, { 'ima.file_signature_key_unknown': signed });
  });

  it('loses exactly the signature in which a byte is changed', () => {
    const victim = signed[100] ?? 0;
    const record = recordsOf(list)[victim];
    assert.ok(record);
    const at = record.dataOffsetBytes + record.templateData.byteLength - 1;
    const changed = list.map((byte, index) => (index === at ? byte ^ 1 : byte));
    assert.deepEqual(indicesByCode(changed, acceptance([signedBy('public')], weak)), {
      'ima.file_signed': signed.filter((index) => index !== victim),
      'ima.file_signature_invalid': [victim],
    });
  });
});

describe('03-ima-buf', () => {
  const list = evidenceFile('03-ima-buf/q01-rsassa-pcr10/binary_runtime_measurements');

  function rulingsOf(rules: readonly object[]): readonly (string | undefined)[] {
    const ima = acceptance(rules);
    return [74, 77, 78, 79].map((index) => {
      const record = recordsOf(list)[index];
      const template = record && templateOf(record);
      const fields = template && readRecordFields(record, template);
      assert.ok(record && template && fields?.ok);
      const log = new FindingLog(10);
      const measured = { record, template, fields: fields.value, provenAtMs: undefined };
      const accepted = judgeMeasurement(measured, ima, log);
      return accepted === undefined ? log.save().findings[0]?.code : 'accepted';
    });
  }

  it('accepts the key of a keyring on the keyring that a rule names, and no other', () => {
    const rule = { id: 'k', keyring: '_ima', keyIn: ['loaded'], then: 'accept' };
    const unknown = 'ima.key_unknown';
    assert.deepEqual(rulingsOf([rule]), [unknown, unknown, unknown, 'accepted']);
    const elsewhere = { ...rule, keyring: '_uid.0' };
    assert.deepEqual(rulingsOf([elsewhere]), [unknown, 'accepted', unknown, unknown]);
    const other = { ...rule, keyIn: ['public'] };
    assert.deepEqual(rulingsOf([other]), [unknown, unknown, unknown, unknown]);
  });
});
