// The rules about one measurement: whether it can be what it is presented as, what its digest can
// mean at all, then what the policy's ordered rules say of it. FORMATS 2.3, 11; docs/policy.md.

import { isAllZero, latinText, toHex } from '../bytes/encoding.ts';
import type { FindingCode } from '../findings/codes.ts';
import type { FindingLog } from '../findings/finding.ts';
import { BUFFER_TEMPLATE } from '../ima/buffer-events.ts';
import { knownEvent } from '../ima/buffer-grammar.ts';
import type { ImaRecord } from '../ima/record.ts';
import type { FileDigest, TemplateFields } from '../ima/template-fields.ts';
import type { Template } from '../ima/templates.ts';
import type { ImaAcceptance, Measurement, MeasurementRules } from './acceptance.ts';
import { looksLikeKey } from './keyring-rules.ts';
import { judgeForm } from './record-form.ts';
import { subjectOf, whereOf } from './record-place.ts';

/** An authenticated record that no other rule owns. */
export interface MeasuredRecord {
  readonly record: ImaRecord;
  readonly template: Template;
  readonly fields: TemplateFields;
  /** A time by which it had been measured, in milliseconds since 1970. */
  readonly provenAtMs: number | undefined;
}

/** Judges one measurement: an accepted one leaves no finding. Gives it when it was accepted by a
 *  rule. */
export function judgeMeasurement(
  measured: MeasuredRecord,
  ima: ImaAcceptance,
  log: FindingLog,
): Measurement | undefined {
  const { fileDigest } = measured.fields;
  const { fileDigests, measurements } = ima;
  if (!judgeForm(measured, measurements === 'any' ? 'warning' : 'contraindicated', log)) {
    return undefined;
  }
  if (fileDigest === undefined || isAllZero(fileDigest.bytes)) {
    const severity = measurements === 'any' ? 'info' : 'contraindicated';
    log.add('ima.file_content_unknown', { severity, ...about(measured) });
    return undefined;
  }
  if (fileDigests !== 'any' && !fileDigests.has(fileDigest.algorithm)) {
    log.add('ima.file_digest_weak', {
      severity: 'contraindicated',
      ...about(measured),
      expected: [...fileDigests].join(', '),
      actual: fileDigest.algorithm,
    });
    return undefined;
  }
  if (measurements === 'any') return undefined;
  return applyRules(measured, fileDigest, { measurements, log });
}

function applyRules(
  measured: MeasuredRecord,
  fileDigest: FileDigest,
  under: { readonly measurements: MeasurementRules; readonly log: FindingLog },
): Measurement | undefined {
  const { measurements, log } = under;
  const measurement: Measurement = {
    kind: measured.template.name === BUFFER_TEMPLATE ? 'buffer' : 'file',
    name: measured.fields.name ?? new Uint8Array(),
    algorithm: fileDigest.algorithm,
    digest: fileDigest.bytes,
    fields: measured.fields,
    template: measured.template,
    byteOrder: measured.record.byteOrder,
    provenAtMs: measured.provenAtMs,
    index: measured.record.index,
  };
  const { ruling, remarks } = measurements.judge(measurement);
  for (const { field, code, ...told } of remarks) {
    log.add(code, { ...about(measured, field), ...told });
  }
  if (ruling?.then === 'accept') return measurement;
  const actual = `${measurement.algorithm}:${toHex(measurement.digest)}`;
  if (ruling === undefined) {
    const expected = measurements.expectation(measurement);
    log.add(codeOfUnknown(measurement), {
      severity: 'contraindicated',
      ...about(measured),
      expected,
      actual,
    });
    return undefined;
  }
  const isWarned = ruling.then === 'warn';
  log.add(isWarned ? 'ima.file_warned' : 'ima.file_digest_refused', {
    severity: isWarned ? 'warning' : 'contraindicated',
    ...about(measured),
    actual,
    rule: ruling.rule,
  });
  return undefined;
}

/** The code of a measurement that no rule accepts. */
function codeOfUnknown({ kind, name, fields }: Measurement): FindingCode {
  if (kind === 'file') return 'ima.file_unknown';
  const isEvent = knownEvent(latinText(name)) !== undefined;
  const isKey = !isEvent && looksLikeKey(fields.buffer ?? new Uint8Array());
  return isKey ? 'ima.key_unknown' : 'ima.event_unknown';
}

function about({ record, fields }: MeasuredRecord, field = 'd-ng') {
  return { where: whereOf(record, field), subject: subjectOf(fields) };
}
