// A measurement list of any length, made fast: records of template ima-ng, all of one size, and the
// value of PCR 10 behind each. Written with node:crypto alone. FORMATS 1.1, 4.1

import { hash } from 'node:crypto';

/** A list as one boot's kernel would write it. */
export interface MadeList {
  /** Bytes of the records from index `from` up to index `to`, which is left out. */
  records(from: number, to: number): Uint8Array;
  /** SHA-256 value of PCR 10 behind the first `count` records. */
  pcr10(count: number): Uint8Array;
}

/** Makes a list of `count` records: `boot_aggregate`, then files with names of one length. */
export function makeList(count: number): MadeList {
  const values = Buffer.alloc((count + 1) * SHA256_BYTES);
  const first = record('boot_aggregate', 0);
  const others = Buffer.alloc(Math.max(count - 1, 0) * RECORD_BYTES);
  const at = (index: number) =>
    index === 0 ? 0 : first.bytes.byteLength + (index - 1) * RECORD_BYTES;
  let value = values.subarray(0, SHA256_BYTES);
  for (let index = 0; index < count; index += 1) {
    const { bytes, data } = index === 0 ? first : record(fileName(index), index);
    if (index > 0) bytes.copy(others, (index - 1) * RECORD_BYTES);
    value = hash('sha256', Buffer.concat([value, hash('sha256', data, 'buffer')]), 'buffer');
    value.copy(values, (index + 1) * SHA256_BYTES);
  }
  const list = new Uint8Array(Buffer.concat([first.bytes, others]));
  return {
    records: (from, to) => list.subarray(at(from), at(to)),
    pcr10: (behind) => values.subarray(behind * SHA256_BYTES, (behind + 1) * SHA256_BYTES),
  };
}

/** A record, and its template data by themselves. */
function record(name: string, index: number): { readonly bytes: Buffer; readonly data: Buffer } {
  const digest = hash('sha256', `content ${index}`, 'buffer');
  const data = Buffer.concat([
    word(ALGORITHM.byteLength + SHA256_BYTES),
    ALGORITHM,
    digest,
    word(name.length + 1),
    Buffer.from(`${name}\0`, 'latin1'),
  ]);
  const column = hash('sha1', data, 'buffer');
  return { data, bytes: Buffer.concat([PCR, column, TEMPLATE, word(data.byteLength), data]) };
}

function fileName(index: number): string {
  return `${FOLDER}${String(index).padStart(NAME_BYTES - FOLDER.length, '0')}`;
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** Of each record but the first: a usual size. */
const RECORD_BYTES = 136;

const SHA256_BYTES = 32;
const FOLDER = '/usr/lib/x86_64-linux-gnu/measured/file-';
const NAME_BYTES = 49;
const ALGORITHM = Buffer.from('sha256:\0', 'latin1');
const PCR = word(10);
const TEMPLATE = Buffer.concat([word(6), Buffer.from('ima-ng', 'latin1')]);
