// The files that a measurement list records, as reference values: for hosts whose list was
// accepted, or is believed for lack of anything better. FORMATS 1, 2; docs/cli.md, "reference make"

import { isAllZero, latinText, utf8Text } from '../bytes/encoding.ts';
import { type HashName, hashByName } from '../crypto/digest.ts';
import { BUFFER_TEMPLATE } from '../ima/buffer-events.ts';
import { ListWalk } from '../ima/list-walk.ts';
import { type ImaRecord, readRecordFields, recordAt, templateOf } from '../ima/record.ts';
import { digestsOfRow } from '../ima/replay.ts';
import type { SegmentClaim } from '../ima/segment.ts';
import type { LeftOut } from './found-file.ts';

/** A value that a record holds for a path. */
export interface RecordedValue {
  readonly path: string;
  readonly algorithm: HashName;
  readonly digest: Uint8Array;
}

/** Reads lists segment by segment. What they say was not verified here. */
export class RecordedValues {
  readonly #walk: ListWalk;
  readonly #values: RecordedValue[] = [];
  readonly #left: LeftOut[] = [];

  constructor(segments: readonly SegmentClaim[]) {
    this.#walk = new ListWalk({ segments, fromIndex: 0 }, (table, origin) => {
      for (let row = 0; row < table.count; row += 1) {
        digestsOfRow({ ...origin, table }, row);
        this.#add(recordAt(table, row, origin));
      }
    });
  }

  /** Feeds bytes of a segment. */
  push(segment: number, window: Uint8Array): void {
    this.#walk.push(segment, window);
  }

  /** Ends the list; the place where it breaks, if it does. */
  end(): string | undefined {
    this.#walk.end();
    const { broken } = this.#walk;
    return (
      broken && `record ${broken.index}: ${broken.malformed.field}: ${broken.malformed.actual}`
    );
  }

  /** Takes out what was found since the last call. */
  *take(): Generator<RecordedValue | LeftOut> {
    yield* this.#values.splice(0);
    yield* this.#left.splice(0);
  }

  #add(record: ImaRecord): void {
    if (record.violation || record.columnMismatch) return;
    const template = templateOf(record);
    const fields = template && readRecordFields(record, template);
    if (template?.name === BUFFER_TEMPLATE || fields?.ok !== true) return;
    const { fileDigest, name } = fields.value;
    if (name === undefined || fileDigest === undefined || isAggregate(name)) return;
    const algorithm = hashByName(fileDigest.algorithm)?.name;
    const path = utf8Text(name);
    const why = whyNot(path, algorithm, fileDigest.bytes);
    if (why !== undefined || path === undefined || algorithm === undefined) {
      this.#left.push({ kind: 'left-out', path: path ?? latinText(name), why: why ?? '' });
      return;
    }
    this.#values.push({ path, algorithm, digest: fileDigest.bytes });
  }
}

function isAggregate(name: Uint8Array): boolean {
  return latinText(name).startsWith('boot_aggregate');
}

function whyNot(
  path: string | undefined,
  algorithm: HashName | undefined,
  digest: Uint8Array,
): string | undefined {
  if (path === undefined) return 'its name is not UTF-8';
  if (!path.startsWith('/')) return 'a bare name: the kernel could not tell its path';
  if (algorithm === undefined) return 'its digest is of an algorithm that no set can hold';
  return isAllZero(digest) ? 'its content was never read: the digest is zero' : undefined;
}
