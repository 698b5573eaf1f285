// Reads PEM strictly: one block with the expected label, padded base64, nothing around it; or a
// bundle of such blocks with comments between them. RFC 7468, 2 and 3.

import { fromBase64, latinText } from '../bytes/encoding.ts';
import { CERTIFICATE_LIMITS } from '../bytes/limits.ts';
import type { Malformed, Reading } from '../bytes/reader.ts';

/** Labels that this verifier reads. */
export type PemLabel = 'PUBLIC KEY' | 'CERTIFICATE' | 'X509 CRL';

/** The bytes inside the only PEM block of `text`, which must have this label. White space around
 *  the block and any line length are accepted. */
export function readPem(text: Uint8Array, label: PemLabel): Reading<Uint8Array> {
  const [whole, actual, body = ''] = BLOCK.exec(latinText(text)) ?? [];
  if (whole === undefined) return malformed(label, 'no single PEM block');
  if (actual !== label) return malformed(label, `a block ${actual}`);
  const value = fromBase64(body.replaceAll(/[\r\n]/g, ''));
  return value === undefined ? malformed(label, 'a block with broken base64') : { ok: true, value };
}

/** The bytes of every block of `text`, all of which must have this label, in order; one at least.
 *  Lines outside of blocks are comments. What is broken is told by its line, from 1. */
export function readPemBundle(text: Uint8Array, label: PemLabel): Reading<readonly Uint8Array[]> {
  if (text.byteLength > CERTIFICATE_LIMITS.bundleBytes) {
    return tooMuch(`at most ${CERTIFICATE_LIMITS.bundleBytes} bytes`, `${text.byteLength} bytes`);
  }
  const blocks: Uint8Array[] = [];
  let body: string[] | undefined;
  for (const [index, line] of latinText(text).split(/\r?\n/).entries()) {
    const isBegin = line.startsWith('-----BEGIN ');
    const isEnd = line.startsWith('-----END ');
    if (isBegin !== isEnd && isBegin === (body !== undefined)) return broken(label, index);
    if (isBegin) {
      if (line.trimEnd() !== `-----BEGIN ${label}-----`) return broken(label, index);
      body = [];
    } else if (isEnd) {
      const value = fromBase64((body ?? []).join(''));
      if (value === undefined || line.trimEnd() !== `-----END ${label}-----`) {
        return broken(label, index);
      }
      blocks.push(value);
      body = undefined;
    } else body?.push(line.trim());
    if (blocks.length > CERTIFICATE_LIMITS.bundleBlocks) {
      return tooMuch(`at most ${CERTIFICATE_LIMITS.bundleBlocks} blocks`, 'more');
    }
  }
  if (body !== undefined || blocks.length === 0) return malformed(label, 'no whole PEM block');
  return { ok: true, value: blocks };
}

function broken(label: PemLabel, index: number): Unreadable {
  const expected = `PEM blocks ${label}`;
  return { ok: false, malformed: { ...PLACE, expected, actual: `a broken line ${index + 1}` } };
}

function tooMuch(expected: string, actual: string): Unreadable {
  return { ok: false, malformed: { ...PLACE, kind: 'over-cap', expected, actual } };
}

function malformed(label: PemLabel, actual: string): Unreadable {
  return { ok: false, malformed: { ...PLACE, expected: `one PEM block ${label}`, actual } };
}

type Unreadable = { readonly ok: false; readonly malformed: Malformed };

const PLACE: Pick<Malformed, 'kind' | 'field' | 'offsetBytes'> = {
  kind: 'bad-value',
  field: 'pem',
  offsetBytes: 0,
};

/** Written so that no text makes it try a match twice from the same place. */
const BLOCK = new RegExp(
  [
    '^[ \\t\\r\\n]*-----BEGIN ([A-Z0-9 ]{1,32})-----\\r?\\n',
    '([A-Za-z0-9+/=\\r\\n]*)',
    '-----END \\1-----[ \\t\\r\\n]*$',
  ].join(''),
);
