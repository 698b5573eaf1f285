// Reads PEM strictly: one block with the expected label, padded base64, nothing around it.
// RFC 7468, 3.

import { fromBase64, latinText } from '../bytes/encoding.ts';
import type { Malformed, Reading } from '../bytes/reader.ts';

/** Labels that this verifier reads. */
export type PemLabel = 'PUBLIC KEY' | 'CERTIFICATE';

/** The bytes inside the only PEM block of `text`, which must have this label. White space around
 *  the block and any line length are accepted. */
export function readPem(text: Uint8Array, label: PemLabel): Reading<Uint8Array> {
  const [whole, actual, body = ''] = BLOCK.exec(latinText(text)) ?? [];
  if (whole === undefined) return malformed(label, 'no single PEM block');
  if (actual !== label) return malformed(label, `a block ${actual}`);
  const value = fromBase64(body.replaceAll(/[\r\n]/g, ''));
  return value === undefined ? malformed(label, 'a block with broken base64') : { ok: true, value };
}

function malformed(label: PemLabel, actual: string): Reading<Uint8Array> {
  return { ok: false, malformed: { ...PLACE, expected: `one PEM block ${label}`, actual } };
}

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
