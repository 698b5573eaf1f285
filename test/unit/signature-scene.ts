// A vendor's keyring, files that it signed, and rules that ask for its signature.

import assert from 'node:assert/strict';
import { KEYRING_LIMITS } from '../../src/bytes/limits.ts';
import type { Keyring } from '../../src/crypto/trusted-key.ts';
import type { TemplateFields } from '../../src/ima/template-fields.ts';
import type { Judgement, Measurement } from '../../src/policy/acceptance.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { readReferenceSet } from '../../src/policy/reference-set-text.ts';
import { ascii, hex } from '../property/list-writer.ts';
import { measurementOf } from './measurements.ts';
import { MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';
import { ecSigner, keyringOf, rsaSigner, sha256 } from './signed-files.ts';

export const CONTENT = ascii('content');
export const OTHER = ascii('other content');
export const rsa = rsaSigner();
export const ec = ecSigner();
export const stranger = ecSigner();
export const short = rsaSigner(1024);
export const crowd = Array.from({ length: KEYRING_LIMITS.triedKeys + 1 }, () => ecSigner());

export const KEYRINGS: ReadonlyMap<string, Keyring> = new Map([
  ['vendor', keyringOf(rsa, ec, short)],
  ['strangers', keyringOf(stranger)],
  ['crowd', keyringOf(...crowd)],
]);

export const VENDOR = { id: 'vendor', path: '/**', signedBy: ['vendor'], then: 'accept' };
export const BY_DIGEST = { id: 'digest', digestIn: ['good'], then: 'accept' };

/** What these rules say; by default the one that asks for the vendor's signature. */
export function judge(
  measurement: Measurement,
  rules: readonly object[] = [VENDOR],
  ima: object = {},
) {
  const lines = readReferenceSet(utf8(`${hex(sha256(CONTENT))}  x\n`), { format: 'digest-lines' });
  assert.ok(lines.ok);
  const document = parsed({ ...MINIMAL_POLICY, ima: { ...ima, measurements: rules } });
  const sets = new Map([['good', lines.set]]);
  const result = compilePolicy(document, { sets, keyrings: KEYRINGS, version: null });
  assert.ok(result.ok, JSON.stringify(result));
  assert.ok(result.policy.ima !== 'not-required' && result.policy.ima.measurements !== 'any');
  return result.policy.ima.measurements.judge(measurement);
}

/** A file with this content, whose record has these fields beside digest and name. */
export function file(fields: TemplateFields = {}, content = CONTENT): Measurement {
  return measurementOf({ name: utf8('/opt/x'), hex: hex(sha256(content)), fields });
}

/** A file with this content and this value of `security.ima`. */
export function signed(signature: Uint8Array, content = CONTENT): Measurement {
  return file({ signature }, content);
}

/** Severity and code of each remark. */
export function codes({ remarks }: Judgement): readonly string[] {
  return remarks.map(({ code, severity }) => `${severity} ${code}`);
}

export const SIGNED = ['info ima.file_signed'];

/** Asserts that the rule accepted. */
export function accepted(judgement: Judgement, rule = 'vendor'): void {
  assert.deepEqual(judgement.ruling, { then: 'accept', rule });
}

/** Asserts that no rule matched, for this one reason. */
export function refused(judgement: Judgement, code: string): void {
  assert.equal(judgement.ruling, undefined);
  assert.deepEqual(codes(judgement), [`contraindicated ima.file_signature_${code}`]);
}
