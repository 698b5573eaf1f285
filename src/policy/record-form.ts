// Whether a record can be what its template says: the name of the template is not authenticated, so
// whoever carries a list may present a record under another one. FORMATS 2.3, 11.

import { latinText } from '../bytes/encoding.ts';
import type { FindingLog, Severity } from '../findings/finding.ts';
import { BUFFER_TEMPLATE } from '../ima/buffer-events.ts';
import { readBufferEvent } from '../ima/buffer-grammar.ts';
import type { ImaRecord } from '../ima/record.ts';
import type { TemplateFields } from '../ima/template-fields.ts';
import type { Template } from '../ima/templates.ts';
import { subjectOf, whereOf } from './record-place.ts';

/** A record whose fields could be read; a buffer in it is bound. */
export interface FormedRecord {
  readonly record: ImaRecord;
  readonly template: Template;
  readonly fields: TemplateFields;
}

/** Judges the form of a record. False when it cannot be what it is presented as: no rule may speak
 *  for it then. `severity` is the weight of that. */
export function judgeForm(formed: FormedRecord, severity: Severity, log: FindingLog): boolean {
  return formed.template.name === BUFFER_TEMPLATE
    ? judgeBuffer(formed, severity, log)
    : judgeFile(formed, severity, log);
}

/** A known event keeps its grammar. In template ima-buf the buffer comes last. */
function judgeBuffer({ record, fields }: FormedRecord, severity: Severity, log: FindingLog) {
  const { name = new Uint8Array(), buffer = new Uint8Array() } = fields;
  const endBytes = record.dataOffsetBytes + record.templateData.byteLength;
  const event = readBufferEvent(latinText(name), buffer, endBytes - buffer.byteLength);
  if (event === undefined || event.ok) return true;
  const { field, offsetBytes, expected, actual } = event.malformed;
  log.add('ima.event_malformed', {
    severity,
    where: { ...whereOf(record, field), offsetBytes },
    subject: subjectOf(fields),
    expected,
    actual,
  });
  return false;
}

/** A field `sig` is empty or begins as every signature does; a name is a path or worth a remark. */
function judgeFile({ record, fields }: FormedRecord, severity: Severity, log: FindingLog) {
  const type = fields.signature?.[0];
  if (type !== undefined && !SIGNATURE_TYPES.has(type)) {
    log.add('ima.template_relabelled', {
      severity,
      where: whereOf(record, 'sig'),
      subject: subjectOf(fields),
      expected: 'a first byte of 03, 05 or 06',
      actual: type.toString(16).padStart(2, '0'),
    });
    return false;
  }
  if (fields.name?.[0] !== SLASH) {
    const [where, subject] = [whereOf(record, 'n-ng'), subjectOf(fields)];
    log.add('ima.name_bare', { severity: 'info', where, subject });
  }
  return true;
}

/** First bytes of the extended attributes that a field `sig` repeats (FORMATS 13.1). */
const SIGNATURE_TYPES: ReadonlySet<number> = new Set([3, 5, 6]);
const SLASH = 0x2f;
