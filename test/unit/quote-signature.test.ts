// Reading signatures: TPMT_SIGNATURE and bare ones, strictly.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HashName } from '../../src/crypto/digest.ts';
import { readSignature, type SignatureScheme } from '../../src/quote/signature.ts';
import { hex } from './tpm-writer.ts';

function tpmt(text: string) {
  return readSignature({ encoding: 'tpmt', bytes: hex(text) });
}

function raw(text: string, scheme: SignatureScheme = 'ecdsa', hash: HashName = 'sha256') {
  return readSignature({ encoding: 'raw', bytes: hex(text), scheme, hash });
}

describe('TPMT_SIGNATURE', () => {
  test('RSASSA and RSAPSS have one part', () => {
    assert.deepEqual(tpmt('0014 000b 0003 0a0b0c'), {
      ok: true,
      value: {
        state: 'readable',
        signature: { scheme: 'rsassa', hash: 'sha256', value: hex('0a0b0c') },
      },
    });
    const pss = tpmt('0016 000c 0001 0a');
    assert.ok(pss.ok && pss.value.state === 'readable');
    assert.deepEqual([pss.value.signature.scheme, pss.value.signature.hash], ['rsapss', 'sha384']);
  });

  test('ECDSA has two, of any length up to 66 bytes', () => {
    assert.deepEqual(tpmt('0018 000b 0002 0a0b 0001 0c'), {
      ok: true,
      value: {
        state: 'readable',
        signature: { scheme: 'ecdsa', hash: 'sha256', r: hex('0a0b'), s: hex('0c') },
      },
    });
    assert.ok(tpmt(`0018 000b 0042 ${'01'.repeat(66)} 0042 ${'02'.repeat(66)}`).ok);
    const long = tpmt(`0018 000b 0001 01 0043 ${'02'.repeat(67)}`);
    assert.ok(!long.ok);
    const { kind, field, offsetBytes } = long.malformed;
    assert.deepEqual([kind, field, offsetBytes], ['over-cap', 'signature.signatureS.size', 7]);
  });

  for (const sigAlg of ['0005', '0010', '001a', '001b', '001c', 'ffff']) {
    test(`scheme ${sigAlg} is a number that nothing is read behind`, () => {
      const value = { state: 'scheme-unsupported', sigAlg: Number.parseInt(sigAlg, 16) };
      assert.deepEqual(tpmt(sigAlg), { ok: true, value });
      assert.deepEqual(tpmt(`${sigAlg} 000b 01`), { ok: true, value });
    });
  }

  test('an unlisted hash is a number, once the rest is read', () => {
    const value = { state: 'hash-unknown', hashAlg: 0x7fff };
    assert.deepEqual(tpmt('0014 7fff 0001 0a'), { ok: true, value });
    assert.equal(tpmt('0014 7fff 0002 0a').ok, false);
  });

  test('nothing may be cut or left over', () => {
    for (const whole of ['0014 000b 0003 0a0b0c', '0018 000b 0002 0a0b 0001 0c']) {
      const bytes = hex(whole);
      for (let size = 0; size < bytes.byteLength; size += 1) {
        const reading = readSignature({ encoding: 'tpmt', bytes: bytes.slice(0, size) });
        assert.ok(!reading.ok);
        assert.ok(reading.malformed.offsetBytes <= size);
      }
      const over = tpmt(`${whole} 00`);
      assert.ok(!over.ok);
      assert.deepEqual(
        [over.malformed.kind, over.malformed.offsetBytes],
        ['left-over', bytes.byteLength],
      );
    }
  });

  test('an RSA signature holds 512 bytes and not 513', () => {
    assert.ok(tpmt(`0014 000b 0200 ${'01'.repeat(512)}`).ok);
    assert.equal(tpmt(`0014 000b 0201 ${'01'.repeat(513)}`).ok, false);
  });
});

describe('bare signatures', () => {
  test('RSA is its bytes', () => {
    assert.deepEqual(raw('0a0b', 'rsapss', 'sha512'), {
      ok: true,
      value: {
        state: 'readable',
        signature: { scheme: 'rsapss', hash: 'sha512', value: hex('0a0b') },
      },
    });
    assert.ok(raw('01'.repeat(512), 'rsassa').ok);
    assert.equal(raw('01'.repeat(513), 'rsassa').ok, false);
  });

  test('ECDSA is DER without its sign bytes', () => {
    assert.deepEqual(raw('3007 0202 00ff 0201 7f'), {
      ok: true,
      value: {
        state: 'readable',
        signature: { scheme: 'ecdsa', hash: 'sha256', r: hex('ff'), s: hex('7f') },
      },
    });
  });

  test('a long one has a length of two bytes', () => {
    const half = `0242 01${'11'.repeat(65)}`;
    assert.ok(raw(`308188 ${half} ${half}`).ok);
  });

  for (const [what, text] of [
    ['an integer with a needless zero', '3007 0202 007f 0201 7f'],
    ['a negative integer', '3006 0201 ff 0201 7f'],
    ['an empty integer', '3005 0200 0201 7f'],
    ['a long form where the short one does', '308106 0201 01 0201 7f'],
    ['a length of two bytes where one does', '30820006 0201 01 0201 7f'],
    ['an indefinite length', '3080 0201 01 0201 7f 0000'],
    ['bytes behind the sequence', '3006 0201 01 0201 7f 00'],
    ['bytes behind s', '3007 0201 01 0201 7f 00'],
    ['one integer', '3003 0201 01'],
    ['another tag', '3106 0201 01 0201 7f'],
    ['an octet string in place of r', '3006 0401 01 0201 7f'],
    ['an integer longer than any curve', `3048 0243 01${'11'.repeat(66)} 0201 7f`],
    ['nothing', ''],
  ] as const) {
    test(`${what} is malformed`, () => assert.equal(raw(text).ok, false));
  }

  test('place and field are told', () => {
    const reading = raw('3007 0202 007f 0201 7f');
    assert.ok(!reading.ok);
    const { field, offsetBytes } = reading.malformed;
    assert.deepEqual([field, offsetBytes], ['signature.ecdsaSigValue.r.value', 4]);
  });
});

test('reading any bytes returns', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 2 }), (bytes, first) => {
      readSignature({ encoding: 'raw', bytes, scheme: 'ecdsa', hash: 'sha256' });
      const sigAlg = hex(['0014', '0016', '0018'][first] ?? '');
      readSignature({ encoding: 'tpmt', bytes: new Uint8Array([...sigAlg, ...bytes]) });
      readSignature({ encoding: 'tpmt', bytes });
    }),
  );
});
