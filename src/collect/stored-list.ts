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
  readonly #count: number;

  /** Only the first `count` records say anything: those that a quote proves, say. */
  constructor(segments: readonly SegmentClaim[], count = Number.MAX_SAFE_INTEGER) {
    this.#count = count;
    this.#walk = new ListWalk({ segments, fromIndex: 0 }, (table, origin) => {
      const rows = Math.min(table.count, count - origin.firstIndex);
      for (let row = 0; row < rows; row += 1) {
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
    if (broken === undefined || broken.index >= this.#count) return undefined;
    return `record ${broken.index}: ${broken.malformed.field}: ${broken.malformed.actual}`;
  }

  /** Takes out what was found since the last call. */
  *take(): Generator<RecordedValue | LeftOut> {
    yield* this.#values.splice(0);
    yield* this.#left.splice(0);
  }

  #add(record: ImaRecord): void {
    const template = templateOf(record);
    const fields = template && readRecordFields(record, template);
    const name = fields?.ok === true ? fields.value.name : undefined;
    if (fields?.ok !== true || name === undefined || record.columnMismatch) {
      this.#leave(name ?? NO_NAME, `record ${record.index}: it does not tell a file`);
      return;
    }
    if (isAggregate(name)) return;
    const { fileDigest } = fields.value;
    const isFile = template?.name !== BUFFER_TEMPLATE && fileDigest !== undefined;
    const algorithm = hashByName(fileDigest?.algorithm ?? '')?.name;
    const path = utf8Text(name);
    const why = isFile ? whyNot(record, path, algorithm) : 'an event or a key, not a file';
    if (why !== undefined || !isFile || path === undefined || algorithm === undefined) {
      this.#leave(name, why ?? '');
      return;
    }
    if (isAllZero(fileDigest.bytes)) this.#leave(name, 'its content was never read');
    else this.#values.push({ path, algorithm, digest: fileDigest.bytes });
  }

  #leave(name: Uint8Array, why: string): void {
    this.#left.push({ kind: 'left-out', path: utf8Text(name) ?? latinText(name), why });
  }
}

function isAggregate(name: Uint8Array): boolean {
  return latinText(name).startsWith('boot_aggregate');
}

function whyNot(
  { violation }: ImaRecord,
  path: string | undefined,
  algorithm: HashName | undefined,
): string | undefined {
  if (violation) return 'a violation: its content was not measured';
  if (path === undefined) return 'its name is not UTF-8';
  if (!path.startsWith('/')) return 'a bare name: the kernel could not tell its path';
  return algorithm === undefined ? 'its digest is of an algorithm that no set can hold' : undefined;
}

const NO_NAME = new Uint8Array();
