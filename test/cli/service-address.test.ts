// Where the service is and who calls: options before the environment, and no call without a token.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { UsageError } from '../../src/cli/exit.ts';
import { addressOf } from '../../src/cli/service-calls.ts';

it('the service and the token are named by options, or else by the environment', () => {
  const environment = { PLUMBLINE_URL: 'https://verifier.example/', PLUMBLINE_TOKEN: 'kept' };
  const named = { url: 'http://127.0.0.1:9000', token: 'said' };
  assert.deepEqual(addressOf(named, environment), named);
  const address = { url: 'https://verifier.example', token: 'kept' };
  assert.deepEqual(addressOf({}, environment), address);
  const usual = { url: 'http://127.0.0.1:8080', token: 'kept' };
  assert.deepEqual(addressOf({}, { PLUMBLINE_TOKEN: 'kept' }), usual);
});

it('nothing is sent without a token', () => {
  for (const environment of [{}, { PLUMBLINE_TOKEN: '' }]) {
    assert.throws(() => addressOf({}, environment), UsageError);
  }
});
