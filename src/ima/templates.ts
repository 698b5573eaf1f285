// Which fields a record has, by the name of its template.
// kernel security/integrity/ima/ima_template.c: builtin_templates, lookup_template_field.

import { IMA_LIMITS } from '../bytes/limits.ts';

/** Field ids that the kernel supports (FORMATS 2.3). */
const FIELD_IDS = [
  'd',
  'n',
  'd-ng',
  'd-ngv2',
  'n-ng',
  'sig',
  'buf',
  'd-modsig',
  'modsig',
  'evmsig',
  'xattrnames',
  'xattrlengths',
  'xattrvalues',
  'iuid',
  'igid',
  'imode',
] as const;
export type FieldId = (typeof FIELD_IDS)[number];

export interface Template {
  /** Name as it stands in the record: a built-in name or a custom format. */
  readonly name: string;
  readonly fields: readonly FieldId[];
  /** The legacy template `ima` has a layout and a digest input of its own (FORMATS 1.3). */
  readonly legacy: boolean;
}

/** The built-in templates, by name. */
const BUILTIN_TEMPLATES: ReadonlyMap<string, Template> = new Map(
  Object.entries({
    ima: ['d', 'n'],
    'ima-ng': ['d-ng', 'n-ng'],
    'ima-sig': ['d-ng', 'n-ng', 'sig'],
    'ima-ngv2': ['d-ngv2', 'n-ng'],
    'ima-sigv2': ['d-ngv2', 'n-ng', 'sig'],
    'ima-buf': ['d-ng', 'n-ng', 'buf'],
    'ima-modsig': ['d-ng', 'n-ng', 'sig', 'd-modsig', 'modsig'],
    'evm-sig': [
      'd-ng',
      'n-ng',
      'evmsig',
      'xattrnames',
      'xattrlengths',
      'xattrvalues',
      'iuid',
      'igid',
      'imode',
    ],
  } satisfies Record<string, FieldId[]>).map(([name, fields]) => [
    name,
    { name, fields, legacy: name === 'ima' },
  ]),
);

const KNOWN_FIELDS: ReadonlySet<string> = new Set(FIELD_IDS);

/** The template called `name`, a built-in one or a custom `|`-separated format of known fields;
 *  undefined when the name means nothing to us. */
export function templateByName(name: string): Template | undefined {
  const builtin = BUILTIN_TEMPLATES.get(name);
  if (builtin !== undefined) return builtin;
  const ids = name.split('|');
  if (ids.length > IMA_LIMITS.fieldsPerRecord) return undefined;
  const fields = ids.filter(isFieldId);
  return fields.length === ids.length ? { name, fields, legacy: false } : undefined;
}

function isFieldId(id: string): id is FieldId {
  return KNOWN_FIELDS.has(id);
}
