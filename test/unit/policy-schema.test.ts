// The policy document: the closed schema, its places of mistakes, its defaults.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainPolicy } from '../../src/policy/explain.ts';
import { policyJsonSchema } from '../../src/policy/json-schema.ts';
import { completePolicy, parsePolicy } from '../../src/policy/parse-policy.ts';
import { policyDigest } from '../../src/policy/policy-digest.ts';
import { FULL_POLICY, MINIMAL_POLICY, parsed, utf8 } from './policy-documents.ts';

const VIOLATION_PATH = 'ima.violations.rules[0].path';
/** printf '%s' '{"format":"plumbline-policy/1","ima":"not-required","name":"small"}' | sha256sum */
const MINIMAL_DIGEST = 'sha256:aea481ad3e06386e891690880eb66ca5a03fc4d9afa84dccfe4af518a6e35036';

/** Paths of the problems of a document. */
function faults(document: unknown): readonly string[] {
  const result = parsePolicy(document);
  return result.ok ? [] : result.problems.map(({ path }) => path);
}

/** The smallest policy with one section or key replaced. */
function withKey(key: string, value: unknown): unknown {
  return { ...MINIMAL_POLICY, [key]: value };
}

function withIma(extra: object): unknown {
  return withKey('ima', { measurements: [], ...extra });
}

function withRule(rule: object): unknown {
  return withIma({ measurements: [{ id: 'r', then: 'accept', ...rule }] });
}

describe('parsePolicy', () => {
  it('takes a document with every key', () => {
    assert.deepEqual(faults(FULL_POLICY), []);
    assert.deepEqual(faults(utf8(JSON.stringify(FULL_POLICY))), []);
  });

  it('takes the smallest documents', () => {
    assert.deepEqual(faults(MINIMAL_POLICY), []);
    assert.deepEqual(faults(withKey('ima', { measurements: [] })), []);
  });

  for (const key of Object.keys(MINIMAL_POLICY)) {
    it(`misses ${key}`, () => {
      const rest = Object.entries(MINIMAL_POLICY).filter(([other]) => other !== key);
      assert.deepEqual(faults(Object.fromEntries(rest)), [key]);
    });
  }

  it('gives the document back as written, without defaults', () => {
    assert.deepEqual(parsed(MINIMAL_POLICY), MINIMAL_POLICY);
  });

  it('finds an unknown key in every object of the document', () => {
    const places = objectPaths(FULL_POLICY, '');
    assert.ok(places.length > 20);
    for (const { path, add } of places) {
      const copy: unknown = structuredClone(FULL_POLICY);
      add(copy);
      assert.deepEqual(faults(copy), [path === '' ? 'surplus' : `${path}.surplus`], path);
    }
  });

  const wrong: readonly (readonly [unknown, readonly string[]])[] = [
    [null, ['']],
    [[], ['']],
    ['{}', ['']],
    [withKey('format', 'plumbline-policy/2'), ['format']],
    [withKey('name', 'a b'), ['name']],
    [withKey('ima', 'optional'), ['ima']],
    [withKey('ima', {}), ['ima.measurements']],
    [withKey('freshness', { challengeSeconds: 0 }), ['freshness.challengeSeconds']],
    [withKey('freshness', { verdictSeconds: 1.5 }), ['freshness.verdictSeconds']],
    [withKey('quote', { banks: ['sha256', 'sha256'] }), ['quote.banks']],
    [withKey('quote', { banks: ['sha224'] }), ['quote.banks[0]']],
    [withKey('quote', { pcrs: [24] }), ['quote.pcrs[0]']],
    [withKey('quote', { signatureHashes: ['sha1'] }), ['quote.signatureHashes[0]']],
    [withKey('quote', { minRsaBits: 1024 }), ['quote.minRsaBits']],
    [withKey('quote', { unsafeClock: 'ignore' }), ['quote.unsafeClock']],
    [withKey('attester', { asserted: true }), ['attester.asserted']],
    [withKey('boot', { eventLog: 'refuse' }), ['boot.eventLog']],
    [withKey('boot', { pcrs: { '07': { allow: [] } } }), ['boot.pcrs["07"]']],
    [withKey('boot', { pcrs: { '7': { allow: ['sha256:ab'] } } }), ['boot.pcrs["7"].allow[0]']],
    [withKey('boot', { pcrs: { '7': { allow: ['ab:'] } } }), ['boot.pcrs["7"].allow[0]']],
    [
      withKey('boot', { bootAggregate: { late: 'accept-if-pinned' } }),
      ['boot.bootAggregate.kernels'],
    ],
    [withIma({ templates: ['a b'] }), ['ima.templates[0]']],
    [withIma({ fileDigests: ['md5'] }), ['ima.fileDigests[0]']],
    [withIma({ violations: { rules: [{ path: 'x', then: 'warn' }] } }), [VIOLATION_PATH]],
    [withIma({ snapshots: 'trust' }), ['ima.snapshots']],
    [withIma({ updateCounter: {} }), ['ima.updateCounter.model']],
    [withRule({}), ['ima.measurements[0]']],
    [withRule({ path: 'bin' }), ['ima.measurements[0].path']],
    [withRule({ path: '/a', then: 'report' }), ['ima.measurements[0].then']],
    [withRule({ path: '/a', event: 'b' }), ['ima.measurements[0].event']],
    [withRule({ path: '/a', keyring: '.ima' }), ['ima.measurements[0].keyring']],
    [withRule({ event: '/a' }), ['ima.measurements[0].event']],
    [withRule({ event: 'a b' }), ['ima.measurements[0].event']],
    [withRule({ event: 'a', signedBy: ['v'] }), ['ima.measurements[0].signedBy']],
    [withRule({ path: '/a', data: {} }), ['ima.measurements[0].data']],
    [withRule({ path: '/a', keyIn: ['v'] }), ['ima.measurements[0].keyIn']],
    [withRule({ digestIn: [] }), ['ima.measurements[0].digestIn']],
    [withRule({ digestIn: ['a', 'a'] }), ['ima.measurements[0].digestIn']],
  ];
  for (const [document, paths] of wrong) {
    it(`refuses at ${paths.join()} ${JSON.stringify(document).substring(0, 90)}`, () => {
      assert.deepEqual(faults(document), paths);
    });
  }

  const told: readonly (readonly [unknown, string])[] = [
    [{ ...MINIMAL_POLICY, name: undefined }, 'mandatory: a text is expected'],
    [withKey('format', 'x'), 'only "plumbline-policy/1"'],
    [withKey('ima', 'x'), 'neither "not-required" nor a section'],
    [withKey('ima', {}), 'mandatory: a list is expected'],
    [withKey('quote', { pcrs: [1.5] }), 'a whole number is expected'],
    [withKey('quote', { minRsaBits: 1024 }), 'at least 2048'],
    [withKey('quote', { minRsaBits: 9999 }), 'at most 4096'],
    [withKey('boot', { pcrs: { x: { allow: [] } } }), 'a PCR from 0 to 23'],
    [withIma({ history: { unknown: 'x' } }), 'one of "none", "warn"'],
    [withIma({ extra: 1 }), 'unknown key'],
    [withRule({ digestIn: [] }), 'at least 1 items'],
  ];
  for (const [document, message] of told) {
    it(`says what is allowed: ${message}`, () => {
      const result = parsePolicy(document);
      assert.ok(!result.ok);
      assert.equal(result.problems[0]?.message, message);
    });
  }

  it('refuses two rules of one id', () => {
    const rule = { id: 'a', path: '/a', then: 'accept' };
    const measurements = [rule, { ...rule, id: 'b' }, rule];
    assert.deepEqual(faults(withIma({ measurements })), ['ima.measurements[2].id']);
  });

  it('refuses text that is not strict JSON, with line and column', () => {
    for (const text of ['', '{', '{"name":1,"name":2}', '\ufeff{}']) {
      const result = parsePolicy(utf8(text));
      assert.ok(!result.ok);
      assert.match(result.problems[0]?.message ?? '', /^line \d+, column \d+: /);
    }
    assert.deepEqual(faults(Uint8Array.of(0x22, 0xff, 0x22)), ['']);
  });

  it('refuses values that are no JSON', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    for (const value of [undefined, 1n, cyclic, () => 0]) assert.deepEqual(faults(value), ['']);
  });

  it('takes a text at the cap and refuses one above', () => {
    const text = JSON.stringify(MINIMAL_POLICY);
    assert.deepEqual(faults(utf8(text.padEnd(262_144))), []);
    assert.deepEqual(faults(utf8(text.padEnd(262_145))), ['']);
  });

  it('takes a thousand rules and refuses one more', () => {
    const rules = (count: number): unknown => {
      const list = Array.from({ length: count }, (_, index) => {
        return { id: `r${index}`, path: '/a', then: 'warn' };
      });
      return withIma({ measurements: list });
    };
    assert.deepEqual(faults(rules(1_000)), []);
    assert.deepEqual(faults(rules(1_001)), ['ima.measurements']);
  });

  it('tells at most a hundred problems and counts the rest', () => {
    const keys = Array.from({ length: 50 }, (_, index) => [`k${index}`, 1]);
    const surplus = Object.fromEntries(keys);
    const sections = { quote: surplus, boot: surplus, attester: surplus };
    const result = parsePolicy({ ...MINIMAL_POLICY, ...sections });
    assert.ok(!result.ok);
    assert.equal(result.problems.length, 101);
    assert.equal(result.problems.at(-1)?.message, 'and 50 more problems');
  });

  it('stops looking at rules where a hundred things are wrong', () => {
    const measurements = Array.from({ length: 1_000 }, () => ({}));
    const result = parsePolicy(withIma({ measurements }));
    assert.ok(!result.ok);
    assert.equal(result.problems.length, 100);
    assert.equal(result.problems.at(-1)?.path, 'ima.measurements');
  });

  it('takes patterns at the cap of all together and refuses one byte more', () => {
    const rules = (last: string): unknown => {
      const paths = [...Array<string>(15).fill(`/${'a'.repeat(4095)}`), `/${last}`];
      const measurements = paths.map((path, index) => ({ id: `r${index}`, path, then: 'warn' }));
      return withIma({ measurements });
    };
    assert.deepEqual(faults(rules('a'.repeat(4095))), []);
    const violations = { rules: [{ path: '/', then: 'warn' }] };
    const more = rules('a'.repeat(4095)) as { ima: object };
    assert.deepEqual(faults({ ...more, ima: { ...more.ima, violations } }), ['ima']);
  });
});

describe('completePolicy', () => {
  it('fills in what is strict', () => {
    const completion = completePolicy(withIma({}));
    assert.ok(completion.ok);
    const { quote, boot, ima, attester } = completion.policy;
    assert.deepEqual(quote.pcrs, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.deepEqual(quote.banks, ['sha256']);
    assert.equal(attester.asserted, 'warn');
    assert.deepEqual([boot.eventLog, boot.secureBoot], ['required', 'required']);
    assert.deepEqual(boot.bootAggregate, { late: 'refuse', coverage: '0-9' });
    assert.ok(ima !== 'not-required');
    assert.ok(!ima.templates.includes('ima'));
    assert.deepEqual(ima.fileDigests, ['sha256', 'sha384', 'sha512']);
    assert.deepEqual(ima.kexec, { unmarked: 'warn', newKernel: 'refuse' });
  });
});

describe('explainPolicy', () => {
  it('leaves no default unsaid', () => {
    const completion = completePolicy(withIma({}));
    assert.ok(completion.ok);
    const { quote, ima } = completion.policy;
    assert.deepEqual(quote.firmwareVersions, { change: 'warn' });
    assert.ok(ima !== 'not-required');
    const weakest = { model: 'per-command', lag: 16, excess: 'accept' };
    assert.deepEqual(ima.updateCounter, weakest);
  });

  for (const document of [MINIMAL_POLICY, FULL_POLICY]) {
    it('writes a document that means the same', () => {
      const text = explainPolicy(parsed(document));
      const again = parsePolicy(utf8(text));
      assert.ok(again.ok);
      assert.equal(explainPolicy(again.policy), text);
      assert.deepEqual(completePolicy(again.policy), completePolicy(document));
    });
  }
});

describe('policyDigest', () => {
  it('is over the document as written, the hint for editors too', () => {
    const hinted = parsed({ $schema: './policy.schema.json', ...MINIMAL_POLICY });
    assert.notEqual(policyDigest(hinted), policyDigest(parsed(MINIMAL_POLICY)));
  });

  it('does not depend on the order of keys', () => {
    const turned = Object.fromEntries(Object.entries(FULL_POLICY).reverse());
    assert.equal(policyDigest(parsed(turned)), policyDigest(parsed(FULL_POLICY)));
  });

  it('is SHA-256 over canonical JSON', () => {
    const canonical = '{"format":"plumbline-policy/1","ima":"not-required","name":"small"}';
    assert.equal(policyDigest(parsed(JSON.parse(canonical))), MINIMAL_DIGEST);
  });

  it('changes with the document', () => {
    const other = { ...MINIMAL_POLICY, quote: {} };
    assert.notEqual(policyDigest(parsed(other)), policyDigest(parsed(MINIMAL_POLICY)));
  });
});

describe('policyJsonSchema', () => {
  it('is closed and asks for what is mandatory', () => {
    const schema = policyJsonSchema();
    assert.deepEqual(schema['required'], ['format', 'name', 'ima']);
    assert.equal(schema['additionalProperties'], false);
    assert.ok(!JSON.stringify(schema).includes('"additionalProperties":true'));
  });
});

interface Place {
  readonly path: string;
  /** Adds the key `surplus` to the object of this place in a copy of the document. */
  readonly add: (document: unknown) => void;
}

/** Every object with closed keys: all but the maps whose keys are the author's. */
function objectPaths(value: unknown, path: string): readonly Place[] {
  return placesIn(value, path, (document) => document);
}

function placesIn(value: unknown, path: string, find: (from: unknown) => unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const isArray = Array.isArray(value);
  const open = /(?:labels|data|pcrs)$/.test(path);
  const add = (document: unknown): void => {
    const target = find(document);
    assert.ok(typeof target === 'object' && target !== null);
    Reflect.set(target, 'surplus', 1);
  };
  const inner = Object.entries(value).flatMap(([key, child]) => {
    const name = isArray ? `[${key}]` : /^\d/.test(key) ? `["${key}"]` : `.${key}`;
    return placesIn(child, `${path}${name}`.replace(/^\./, ''), (document) => {
      const parent = find(document);
      return typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined;
    });
  });
  return isArray || open ? inner : [{ path, add }, ...inner];
}
