// Measurements as rules see them, for tests that need no list around them.

import { fromHex } from '../../src/bytes/encoding.ts';
import type { TemplateFields } from '../../src/ima/template-fields.ts';
import { type Template, templateByName } from '../../src/ima/templates.ts';
import type { Measurement } from '../../src/policy/acceptance.ts';

/** What a test says of a measurement; the rest follows from it. */
export interface ToldMeasurement {
  readonly kind?: Measurement['kind'];
  readonly name: Uint8Array;
  readonly hex: string;
  readonly algorithm?: string;
  readonly fields?: TemplateFields;
  readonly template?: string;
  readonly provenAtMs?: number;
}

/** A measurement of a file, unless it is said to be one of a buffer. */
export function measurementOf(told: ToldMeasurement): Measurement {
  const { kind = 'file', name, algorithm = 'sha256' } = told;
  const digest = fromHex(told.hex) ?? new Uint8Array();
  const template = told.template ?? (kind === 'buffer' ? 'ima-buf' : 'ima-sig');
  return {
    kind,
    name,
    algorithm,
    digest,
    fields: {
      fileDigest: { algorithm, bytes: digest, of: 'untold', offsetBytes: 0 },
      name,
      ...told.fields,
    },
    template: namedTemplate(template),
    byteOrder: 'little',
    provenAtMs: told.provenAtMs,
    index: 0,
  };
}

function namedTemplate(name: string): Template {
  const template = templateByName(name);
  if (template === undefined) throw new Error(`no template ${name}`);
  return template;
}
