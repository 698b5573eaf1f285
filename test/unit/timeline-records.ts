// Records for the tests of mechanisms that take them one by one: as a walk would give them, with
// digests that the tests compute themselves.

import type { ImaRecord } from '../../src/ima/record.ts';
import type { RecordDigests } from '../../src/ima/registers.ts';
import { ascii, type DraftRecord, hash, templateData } from '../property/list-writer.ts';

/** A record as it stands in a list, and its digests. */
export interface Listed {
  readonly record: ImaRecord;
  readonly digests: RecordDigests;
}

/** The record at absolute index `index`. */
export function listed(draft: DraftRecord, index: number): Listed {
  const data = templateData(draft, 'little');
  const violation = draft.violation === true;
  const record: ImaRecord = {
    index,
    segment: 0,
    offsetBytes: 100 * index,
    pcr: draft.pcr,
    violation,
    columnMismatch: false,
    column: violation ? new Uint8Array(20) : hash('sha1', data),
    columnHash: 'sha1',
    templateName: ascii(draft.template),
    templateData: data,
    dataOffsetBytes: 100 * index + 40,
    byteOrder: 'little',
  };
  return {
    record,
    digests: { violation, of: (name) => (violation ? undefined : hash(name, data)) },
  };
}
