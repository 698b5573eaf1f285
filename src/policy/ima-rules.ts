// The rules about single records of the measurement list: facts of a record and an acceptance in,
// findings out. FORMATS 2.3, 4.4, 5–7; docs/policy.md.

import { escapeText, latinText, toHex } from '../bytes/encoding.ts';
import { VERDICT_LIMITS } from '../bytes/limits.ts';
import type { Malformed } from '../bytes/reader.ts';
import { digest } from '../crypto/digest.ts';
import type { FindingCode } from '../findings/codes.ts';
import { FindingLog, type SavedFindings, type Subject } from '../findings/finding.ts';
import { BUFFER_TEMPLATE, bindBuffer } from '../ima/buffer-events.ts';
import { type ImaRecord, readRecordFields, templateOf } from '../ima/record.ts';
import type { TemplateFields } from '../ima/template-fields.ts';
import type { Template } from '../ima/templates.ts';
import { isResettable } from '../pcr/extend.ts';
import { isBatchMark } from '../timeline/batch.ts';
import { EpochTracker, type SavedEpochs } from '../timeline/epochs.ts';
import type { EventRecord } from '../timeline/event-record.ts';
import { type ImaAcceptance, type Measurement, severityOf, type Treatment } from './acceptance.ts';
import { judgeFirstAggregate, judgeLaterAggregate, type LateTreatment } from './epoch-rules.ts';
import { EventRules, type SavedEvents } from './event-rules.ts';
import { judgeMeasurement } from './judge-measurement.ts';
import type { PinnedBoot } from './pinned-boot.ts';
import { subjectOf, whereOf } from './record-place.ts';

/** What the record rules go by. */
export interface RecordRules {
  readonly ima: ImaAcceptance;
  /** Banks that hold quoted IMA PCRs. */
  readonly quotedBanks: number;
  /** Whether indices are ours: without history they are only claimed, and counts prove nothing. */
  readonly hasHistory: boolean;
  readonly lateAggregate: LateTreatment;
  /** What the event log pins; undefined where nobody asked. */
  readonly pinnedBoot: PinnedBoot | undefined;
  readonly zeroAggregate: Treatment;
  /** PCRs that the quote covers. */
  readonly quotedPcrs: ReadonlySet<number>;
  /** A time by which the record at an index had been measured, in milliseconds since 1970;
   *  undefined when nobody told the time. */
  provenAtMs(index: number): number | undefined;
}

/** An appraisal as plain data, to be kept from round to round. */
export interface SavedAppraisal {
  /** Findings about proven records, which stay open for the rest of the boot. */
  readonly open: SavedFindings;
  readonly epochs: SavedEpochs;
  readonly events: SavedEvents;
}

/** Running values of a PCR before a record. */
export type ValuesBefore = EventRecord['valuesBefore'];

/** Judges the records of one list in order. What is found depends on the records so far only, so
 *  `copy` at the end of the proven prefix is the appraisal of exactly that prefix. */
export class RecordAppraisal {
  readonly #rules: RecordRules;
  /** Findings that hold whether or not the list is proven: its form and its own digests. */
  readonly integrity: FindingLog;
  /** Findings about what the records say; they count only for proven records. */
  readonly content: FindingLog;
  readonly epochs: EpochTracker;
  readonly #events: EventRules;

  private constructor(
    rules: RecordRules,
    from: Pick<RecordAppraisal, 'integrity' | 'content' | 'epochs'> & {
      readonly events: EventRules;
    },
  ) {
    this.#rules = rules;
    this.integrity = from.integrity;
    this.content = from.content;
    this.epochs = from.epochs;
    this.#events = from.events;
  }

  /** The appraisal of a list from record 0 on. */
  static fresh(rules: RecordRules): RecordAppraisal {
    return new RecordAppraisal(rules, {
      integrity: new FindingLog(VERDICT_LIMITS.findingsPerCode),
      content: new FindingLog(VERDICT_LIMITS.findingsPerCode),
      epochs: new EpochTracker(),
      events: new EventRules(rules),
    });
  }

  /** The appraisal that an earlier round of the boot left, with its findings still open. */
  static resume(rules: RecordRules, saved: SavedAppraisal): RecordAppraisal {
    const content = new FindingLog(VERDICT_LIMITS.findingsPerCode);
    content.carry(saved.open);
    return new RecordAppraisal(rules, {
      integrity: new FindingLog(VERDICT_LIMITS.findingsPerCode),
      content,
      epochs: EpochTracker.restore(saved.epochs),
      events: new EventRules(rules, saved.events),
    });
  }

  /** What later rounds of the boot need of it. */
  save(): SavedAppraisal {
    const open = this.content.copy();
    open.absorb(this.integrity);
    return {
      open: open.lasting(LASTING).save(),
      epochs: this.epochs.save(),
      events: this.#events.save(),
    };
  }

  /** An independent copy of everything found so far. */
  copy(): RecordAppraisal {
    return new RecordAppraisal(this.#rules, {
      integrity: this.integrity.copy(),
      content: this.content.copy(),
      epochs: this.epochs.copy(),
      events: this.#events.copy(),
    });
  }

  /** Judges the next record, before its PCR is extended by it. */
  record(record: ImaRecord, valuesBefore: ValuesBefore): void {
    if (isResettable(record.pcr) || !this.#rules.quotedPcrs.has(record.pcr)) {
      this.#addUnproven(record);
      return;
    }
    if (record.violation) {
      this.#judgeViolation(record);
      return;
    }
    if (record.columnMismatch) this.#addColumnMismatch(record);
    const template = templateOf(record);
    if (template === undefined) {
      this.#addTemplateUnknown(record);
      return;
    }
    const fields = readRecordFields(record, template);
    if (fields.ok) this.#judgeFields(record, template, { fields: fields.value, valuesBefore });
    else this.#addFieldMalformed(record, fields.malformed);
  }

  #judgeFields(
    record: ImaRecord,
    template: Template,
    read: { readonly fields: TemplateFields; readonly valuesBefore: ValuesBefore },
  ): void {
    const { fields } = read;
    const { templates } = this.#rules.ima;
    if (templates !== 'any' && !templates.has(template.name)) {
      this.content.add('ima.template_refused', {
        severity: 'contraindicated',
        where: whereOf(record, 'template_name'),
        subject: subjectOf(fields),
        expected: [...templates].join(', '),
        actual: escapeText(record.templateName),
      });
    }
    if (template.name === BUFFER_TEMPLATE && !this.#judgeBuffer(record, fields)) return;
    const role = this.epochs.observe(record, template, fields);
    if (record.index === 0) {
      judgeFirstAggregate(role === 'kexec' ? undefined : role, this.#epochContext(record));
      return;
    }
    if (template.name === BUFFER_TEMPLATE && this.#judgeEvent(record, read)) return;
    if (role === 'kexec') return;
    if (role !== undefined && judgeLaterAggregate(role, this.#epochContext(record))) return;
    const provenAtMs = this.#rules.provenAtMs(record.index);
    const measured = { record, template, fields, provenAtMs };
    const accepted = judgeMeasurement(measured, this.#rules.ima, this.content);
    if (accepted !== undefined) this.#noteNextKernel(accepted);
  }

  /** Keeps in mind which kernel a kexec may start: a pinned image, and an accepted command line. */
  #noteNextKernel(accepted: Measurement): void {
    if (this.#rules.ima.isPinnedKernel(accepted)) this.epochs.noteNextKernel('image');
    const isCommandLine = latinText(accepted.name) === 'kexec-cmdline';
    if (accepted.kind === 'buffer' && isCommandLine) this.epochs.noteNextKernel('commandLine');
  }

  /** Whether a mechanism owns the event: it is judged there and needs no measurement rule. */
  #judgeEvent(
    record: ImaRecord,
    read: { readonly fields: TemplateFields; readonly valuesBefore: ValuesBefore },
  ): boolean {
    const name = latinText(read.fields.name ?? new Uint8Array());
    if (this.#judgeBatchMark(record, name)) return true;
    const ruling = this.#events.observe({
      index: record.index,
      epochFromIndex: this.epochs.fromIndex,
      where: whereOf(record, 'buf'),
      pcr: record.pcr,
      name,
      buffer: read.fields.buffer ?? new Uint8Array(),
      valuesBefore: read.valuesBefore,
    });
    if (this.#rules.hasHistory) this.content.addAll(ruling.findings);
    return ruling.isOwn;
  }

  /** Notes that a record breaks the grammar of batches: what was extended is then unknown. */
  batchBroken(
    record: ImaRecord,
    seen: { readonly expected: string; readonly actual: string },
  ): void {
    this.content.add('ima.batch_malformed', {
      severity: 'contraindicated',
      where: whereOf(record, 'buf'),
      expected: seen.expected,
      actual: seen.actual,
    });
  }

  /** A batch mark is an event of ours only where the policy takes batches. */
  #judgeBatchMark(record: ImaRecord, name: string): boolean {
    const { batches } = this.#rules.ima;
    if (batches === 'refuse' || !isBatchMark(name)) return false;
    const severity = severityOf(batches);
    if (severity !== undefined) {
      this.content.add('ima.batch_present', { severity, where: whereOf(record, 'buf') });
    }
    return true;
  }

  #epochContext(record: ImaRecord) {
    return {
      epochs: this.epochs,
      findings: this.content,
      where: whereOf(record),
      rules: this.#rules,
    };
  }

  /** Whether the record's digest is that of its buffer; without that it is no event at all. */
  #judgeBuffer(record: ImaRecord, fields: TemplateFields): boolean {
    const binding = bindBuffer(fields);
    if (binding.outcome === 'bound') return true;
    this.integrity.add('ima.buffer_digest_mismatch', {
      severity: 'contraindicated',
      where: whereOf(record, 'd-ng'),
      subject: subjectOf(fields),
      expected:
        binding.outcome === 'different' ? toHex(binding.expected) : 'an algorithm known here',
      actual: fields.fileDigest ? toHex(fields.fileDigest.bytes) : 'no digest',
    });
    return false;
  }

  #judgeViolation(record: ImaRecord): void {
    this.epochs.observeViolation();
    const template = templateOf(record);
    const fields = template && readRecordFields(record, template);
    const name = fields?.ok === true ? fields.value.name : undefined;
    const { then, rule } = this.#rules.ima.violation(name ?? new Uint8Array());
    if (record.index === 0) judgeFirstAggregate(undefined, this.#epochContext(record));
    const severity = severityOf(then);
    if (severity === undefined) return;
    this.content.add('ima.violation_present', {
      severity,
      where: whereOf(record),
      ...(name === undefined ? {} : { subject: { path: escapeText(name) } }),
      ...(rule === undefined ? {} : { rule }),
    });
  }

  /** A record that no quote can prove: of a PCR that is not quoted, or that anybody sets back. */
  #addUnproven(record: ImaRecord): void {
    if (record.index === 0) judgeFirstAggregate(undefined, this.#epochContext(record));
    const isLoose = isResettable(record.pcr);
    const severity = isLoose ? 'contraindicated' : severityOf(this.#rules.ima.unquotedPcrs);
    if (severity === undefined) return;
    this.integrity.add(isLoose ? 'ima.pcr_resettable' : 'ima.pcr_unexpected', {
      severity,
      where: { ...whereOf(record, 'pcr'), pcr: record.pcr },
      expected: [...this.#rules.quotedPcrs].map((pcr) => `PCR ${pcr}`).join(', '),
      actual: `PCR ${record.pcr}`,
    });
  }

  #addColumnMismatch(record: ImaRecord): void {
    const isLegacy = templateOf(record)?.legacy === true;
    const recomputed = isLegacy ? undefined : digest(record.columnHash, record.templateData);
    this.integrity.add('ima.template_digest_mismatch', {
      severity: 'contraindicated',
      where: whereOf(record, 'template_digest'),
      ...subjectOfRecord(record),
      expected: recomputed === undefined ? 'the digest of the data' : toHex(recomputed),
      actual: toHex(record.column),
    });
  }

  #addTemplateUnknown(record: ImaRecord): void {
    this.integrity.add('ima.template_unknown', {
      severity: 'contraindicated',
      where: whereOf(record, 'template_name'),
      expected: 'a built-in template or known fields',
      actual: escapeText(record.templateName),
    });
  }

  #addFieldMalformed(record: ImaRecord, malformed: Malformed): void {
    this.integrity.add('ima.field_malformed', {
      severity: 'contraindicated',
      where: { ...whereOf(record, malformed.field), offsetBytes: malformed.offsetBytes },
      expected: malformed.expected,
      actual: malformed.actual,
    });
  }
}

function subjectOfRecord(record: ImaRecord): { readonly subject?: Subject } {
  const template = templateOf(record);
  const fields = template && readRecordFields(record, template);
  return fields?.ok === true ? { subject: subjectOf(fields.value) } : {};
}

/** What stays true of the boot although it weighs nothing: every later verdict relies on it too. */
const LASTING: ReadonlySet<FindingCode> = new Set(['ima.trusted_on_first_use']);
