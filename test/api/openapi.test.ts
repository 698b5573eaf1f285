// The contract with callers: /openapi.json as it was reviewed. A change here is a change for every
// agent and script; `node --import tsx test/api/write-openapi.ts` writes it after review.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { openapiDocument } from './openapi-document.ts';

it('the API is the one that was reviewed', async () => {
  const golden = readFileSync(new URL('../golden/openapi.json', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(await openapiDocument()), JSON.parse(golden));
});
