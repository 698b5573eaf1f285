// The claims of results: what each profile says, and what a reader refuses.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EAR_PROFILES, earClaims, type ResultFacts } from '../../src/results/ear.ts';
import { isBetterThan, readEar, tierOf } from '../../src/results/read-ear.ts';

const FACTS: ResultFacts = {
  attesterId: 'host-1',
  status: 'warning',
  trustVector: {
    'instance-identity': 2,
    configuration: 32,
    executables: 2,
    'file-system': 2,
    hardware: 0,
  },
  policy: { name: 'prod', version: 7, digest: 'sha256:ab' },
  issuedAt: new Date('2031-05-03T12:00:00.999Z'),
  expiresAt: new Date('2031-05-03T12:10:00.999Z'),
  build: '1.2.3',
  issuer: 'https://plumbline.example',
  audience: 'https://broker.example',
  nonce: 'bm9uY2Vub25jZQ',
};
const [DRAFT, DEPLOYED] = EAR_PROFILES;
const COMMON = {
  iat: 1935576000,
  exp: 1935576600,
  iss: 'https://plumbline.example',
  aud: 'https://broker.example',
  eat_nonce: 'bm9uY2Vub25jZQ',
};
const VERIFIER = { developer: 'Plumbline', build: 'plumbline 1.2.3' };
const POLICY_ID = 'urn:plumbline:policy:prod:7:sha256:ab';

describe('the claims of a result', () => {
  it('have underscores in the draft', () => {
    assert.deepEqual(earClaims(DRAFT, FACTS), {
      eat_profile: 'tag:ietf.org,2026:rats/ear#03',
      ...COMMON,
      ear_verifier_id: VERIFIER,
      submods: {
        'host-1': {
          ear_status: 'warning',
          ear_trustworthiness_vector: FACTS.trustVector,
          ear_appraisal_policy_ids: [POLICY_ID],
        },
      },
    });
  });

  it('have dots in the deployed profile, and one policy', () => {
    assert.deepEqual(earClaims(DEPLOYED, FACTS), {
      eat_profile: 'tag:github.com,2023:veraison/ear',
      ...COMMON,
      'ear.verifier-id': VERIFIER,
      submods: {
        'host-1': {
          'ear.status': 'warning',
          'ear.trustworthiness-vector': FACTS.trustVector,
          'ear.appraisal-policy-id': POLICY_ID,
        },
      },
    });
  });

  it('leave out who, for whom and what for when nobody said so', () => {
    const bare = { ...FACTS, issuer: undefined, audience: undefined, nonce: undefined };
    for (const profile of EAR_PROFILES) {
      const claims = earClaims(profile, bare);
      for (const name of ['iss', 'aud', 'eat_nonce']) assert.ok(!(name in claims));
      assert.ok(readEar(claims).ok);
    }
  });
});

describe('reading a result', () => {
  for (const profile of EAR_PROFILES) {
    it(`gives back what ${profile} says`, () => {
      const read = readEar(JSON.parse(JSON.stringify(earClaims(profile, FACTS))));
      const { attesterId, status, trustVector } = FACTS;
      assert.deepEqual(read, {
        ok: true,
        ear: {
          profile,
          issuedAt: COMMON.iat,
          expiresAt: COMMON.exp,
          nonce: FACTS.nonce,
          appraisals: [{ attesterId, status, trustVector, policies: [POLICY_ID] }],
        },
      });
    });
  }

  const appraisal = { ear_status: 'affirming', ear_trustworthiness_vector: { hardware: 2 } };
  const good = {
    eat_profile: DRAFT,
    iat: 1,
    exp: 2,
    ear_verifier_id: VERIFIER,
    submods: { a: appraisal },
  };
  const having = (change: object) => ({ ...good, submods: { a: { ...appraisal, ...change } } });
  const vector = (value: object) => having({ ear_trustworthiness_vector: value });

  const BROKEN: readonly (readonly [string, unknown, RegExp])[] = [
    ['no object', [good], /claims/],
    ['an unknown profile', { ...good, eat_profile: 'x' }, /eat_profile/],
    ['the names of the other profile', { ...good, eat_profile: DEPLOYED }, /ear\.verifier-id/],
    ['a fraction of a second', { ...good, exp: 2.5 }, /exp/],
    ['no expiry', { ...good, exp: undefined }, /exp/],
    ['no verifier', { ...good, ear_verifier_id: undefined }, /ear_verifier_id/],
    ['no build', { ...good, ear_verifier_id: { developer: 'x' } }, /build/],
    ['nobody appraised', { ...good, submods: {} }, /submods/],
    ['an unknown status', having({ ear_status: 'fine' }), /ear_status/],
    ['an empty vector', vector({}), /empty/],
    ['an unknown claim', vector({ colour: 2 }), /colour/],
    ['a value out of range', vector({ hardware: 128 }), /hardware/],
    ['a value that is none', vector({ hardware: '2' }), /hardware/],
    ['a status better than a claim', vector({ hardware: 32 }), /better/],
    ['an unnamed policy', having({ ear_appraisal_policy_ids: [1] }), /policy/],
  ];
  for (const [what, claims, problem] of BROKEN) {
    it(`refuses ${what}`, () => {
      const read = readEar(claims);
      assert.ok(!read.ok);
      assert.match(read.problem, problem);
    });
  }

  it('accepts the twin of all these', () => {
    assert.ok(readEar(good).ok);
  });

  it('knows the tiers at their edges', () => {
    const edges = [-128, -97, -96, -33, -32, -2, -1, 0, 1, 2, 31, 32, 95, 96, 127];
    const tiers = edges.map((value) => tierOf(value).charAt(0)).join('');
    assert.equal(tiers, 'ccwwaannnaawwcc');
    assert.ok(isBetterThan('none', 96) && !isBetterThan('none', 32));
    assert.ok(!isBetterThan('affirming', 0) && !isBetterThan('contraindicated', 2));
  });
});
