// An evidence bundle: what it claims and names. Its files are found and read, not judged.
// docs/evidence-bundle.md

import { toHex } from '../bytes/encoding.ts';
import type { PcrValues } from '../pcr/selection.ts';
import { openBundle } from './bundle.ts';
import { inspectQuote } from './inspect-tpm.ts';
import type { Inspection, Shown } from './inspection.ts';

/** Shows the bundle file at `path` and the quote that it names. */
export async function inspectBundle(path: string): Promise<Inspection> {
  const { evidence, segmentFiles } = await openBundle(path);
  const { ak, nonce, quote, ima, bootLog, userspaceLog } = evidence;
  const { shown, malformed } = inspectQuote(quote.attest);
  return {
    kind: 'bundle',
    shown: {
      ak: `${ak.encoding}, ${ak.bytes.byteLength} bytes`,
      nonce: toHex(nonce),
      signature: signatureWords(quote.signature),
      quote: shown,
      pcrValues: evidence.pcrValues && pcrRows(evidence.pcrValues),
      fromIndex: ima?.fromIndex,
      segments: ima?.segments.map((segment, index) => ({
        ...segment,
        file: segmentFiles[index]?.name,
      })),
      bootLog: bootLog && `${bootLog.byteLength} bytes`,
      userspaceLog: userspaceLog && `${userspaceLog.byteLength} bytes`,
      pcrUpdateCounter: evidence.pcrUpdateCounter,
    },
    ...(malformed && { malformed: { ...malformed, field: `quote.attest: ${malformed.field}` } }),
  };
}

function signatureWords(signature: {
  readonly encoding: string;
  readonly bytes: Uint8Array;
}): string {
  return `${signature.encoding}, ${signature.bytes.byteLength} bytes`;
}

function pcrRows(values: PcrValues): Shown {
  return Object.fromEntries(
    [...values].map(([bank, pcrs]) => [
      bank,
      Object.fromEntries([...pcrs].map(([pcr, value]) => [`PCR ${pcr}`, toHex(value)])),
    ]),
  );
}
