// Writes test/golden/openapi.json. Read the difference before you commit it.

import { writeFileSync } from 'node:fs';
import { openapiDocument } from './openapi-document.ts';

writeFileSync(new URL('../golden/openapi.json', import.meta.url), await openapiDocument());
