// Finds the certificate in what a TPM's NV index holds: behind the header of older TPMs, in front
// of the padding. TCG PC Client Specific Implementation Specification for Conventional BIOS, 7.4.
//
//   bytes  field      TCG_PCCLIENT_STORED_CERT
//   2      tag        0x1001
//   1      certType   0, a full certificate
//   2      certSize   of what follows
//   2      tag        0x1002, TCG_FULL_CERT
//   …      certificate

import { BER_TAG, BerReader } from '../bytes/ber.ts';
import { CERTIFICATE_LIMITS } from '../bytes/limits.ts';
import { ByteReader, type Reading, readAtDoor } from '../bytes/reader.ts';

/** A certificate and what was around it. */
export interface StoredCertificate {
  readonly der: Uint8Array;
  readonly hadHeader: boolean;
  /** Bytes of padding behind it. */
  readonly paddingBytes: number;
}

/** Takes one certificate out of `bytes`. Around it may stand the header above, and padding: bytes
 *  that are all 00 or all FF. Anything else behind it is malformed. */
export function findCertificate(bytes: Uint8Array): Reading<StoredCertificate> {
  return readAtDoor(() => {
    const reader = new ByteReader(bytes, 'big');
    if (bytes.byteLength > CERTIFICATE_LIMITS.certificateBytes) {
      reader.fail('over-cap', 'certificate', {
        expected: `at most ${CERTIFICATE_LIMITS.certificateBytes} bytes`,
        actual: `${bytes.byteLength} bytes`,
      });
    }
    const hadHeader = reader.nextByte === HEADER_START;
    const inner = hadHeader ? storedCert(reader) : reader;
    const { whole } = new BerReader(inner).element(BER_TAG.sequence, 'certificate');
    const paddingBytes = padding(inner) + (hadHeader ? padding(reader) : 0);
    return { der: whole, hadHeader, paddingBytes };
  });
}

function storedCert(reader: ByteReader): ByteReader {
  if (reader.u16('storedCert.tag') !== STORED_CERT || reader.u8('storedCert.certType') !== 0) {
    reader.fail('bad-value', 'storedCert', {
      expected: 'TCG_PCCLIENT_STORED_CERT with a full certificate',
      actual: 'another header',
      offsetBytes: 0,
    });
  }
  const inner = reader.sub(reader.u16('storedCert.certSize'), 'storedCert');
  const tag = inner.u16('fullCert.tag');
  if (tag === FULL_CERT) return inner;
  return inner.fail('bad-value', 'fullCert.tag', { expected: '0x1002', actual: `${tag}` });
}

function padding(reader: ByteReader): number {
  const bytes = reader.take(reader.leftBytes, 'padding');
  const [fill] = bytes;
  if ((fill === 0 || fill === 0xff) && bytes.every((byte) => byte === fill)) {
    return bytes.byteLength;
  }
  if (fill === undefined) return 0;
  return reader.fail('left-over', 'certificate', {
    expected: 'the end, or padding of 00 or ff',
    actual: `${bytes.byteLength} more bytes`,
    offsetBytes: reader.offsetBytes - bytes.byteLength,
  });
}

const HEADER_START = 0x10;
const STORED_CERT = 0x1001;
const FULL_CERT = 0x1002;
