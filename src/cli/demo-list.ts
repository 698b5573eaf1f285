// Alters a measurement list the way someone would who has to hide a file: for `plumbline demo`.

import { asciiBytes, concatBytes, equalBytes, viewBytes } from '../bytes/encoding.ts';
import { digest } from '../crypto/digest.ts';
import { ListWalk } from '../ima/list-walk.ts';
import { readRecordFields, recordAt, templateOf } from '../ima/record.ts';

/** A record of a list and the places in it that the demo writes to. */
export interface ListTarget {
  readonly entryIndex: number;
  /** Where the template digest stands. */
  readonly columnOffsetBytes: number;
  /** Where the template data stand, and how long they are. */
  readonly dataOffsetBytes: number;
  readonly dataBytes: number;
  /** Where the digest of the file stands. */
  readonly digestOffsetBytes: number;
}

/** The first record of a binary list with a SHA-1 column that measures the file called `name`. */
export function findTarget(list: Uint8Array, name: string): ListTarget {
  const wanted = asciiBytes(name);
  let found: ListTarget | undefined;
  const segment = { kind: 'current', encoding: 'binary', digestColumn: 'sha1' } as const;
  const walk = new ListWalk({ segments: [segment], fromIndex: 0 }, (table, origin) => {
    for (let row = 0; row < table.count && found === undefined; row += 1) {
      const record = recordAt(table, row, origin);
      const template = templateOf(record);
      const fields = template && readRecordFields(record, template);
      if (!fields?.ok || fields.value.fileDigest === undefined) continue;
      if (!equalBytes(fields.value.name ?? new Uint8Array(), wanted)) continue;
      found = {
        entryIndex: record.index,
        columnOffsetBytes: record.offsetBytes + PCR_BYTES,
        dataOffsetBytes: record.dataOffsetBytes,
        dataBytes: record.templateData.byteLength,
        digestOffsetBytes: fields.value.fileDigest.offsetBytes,
      };
    }
  });
  walk.push(0, list);
  walk.end();
  if (found === undefined) throw new Error(`the list has no record of ${name}`);
  return found;
}

/** A copy of the list in which one bit of the file's digest is another. */
export function alterDigest(list: Uint8Array, target: ListTarget): Uint8Array {
  const altered = concatBytes(list);
  const at = target.digestOffsetBytes;
  altered[at] = (altered[at] ?? 0) ^ 1;
  return altered;
}

/** The altered copy with its digest column made to fit: now only the quote tells. */
export function alterDigestAndColumn(list: Uint8Array, target: ListTarget): Uint8Array {
  const altered = alterDigest(list, target);
  const { dataOffsetBytes, dataBytes, columnOffsetBytes } = target;
  const data = viewBytes(altered, dataOffsetBytes, dataOffsetBytes + dataBytes);
  altered.set(digest('sha1', data) ?? [], columnOffsetBytes);
  return altered;
}

/** The PCR word in front of the digest column. */
const PCR_BYTES = 4;
