// Place and subject of a record, as findings show them.

import { escapeText, toHex } from '../bytes/encoding.ts';
import type { Subject, Where } from '../findings/finding.ts';
import type { ImaRecord } from '../ima/record.ts';
import type { TemplateFields } from '../ima/template-fields.ts';

/** Where a record stands, and in which of its fields. */
export function whereOf(record: ImaRecord, field?: string): Where {
  const { segment, index, offsetBytes } = record;
  const where = { part: 'ima', segment, entryIndex: index, offsetBytes } as const;
  return field === undefined ? where : { ...where, field };
}

/** What a record is about, as it claims: escaped name and digest. */
export function subjectOf(fields: TemplateFields): Subject {
  const { name, fileDigest } = fields;
  return {
    ...(name === undefined ? {} : { path: escapeText(name) }),
    ...(fileDigest === undefined
      ? {}
      : { digest: `${fileDigest.algorithm}:${toHex(fileDigest.bytes)}` }),
  };
}
