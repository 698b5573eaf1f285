// An evidence bundle on disk: the JSON file and the files beside it, turned into evidence.
// docs/evidence-bundle.md. Bundles come with bug reports from strangers: a bundle can name only
// files below its own folder, symbolic links included.

import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { BOOT_LIMITS, FILE_LIMITS, TPM_LIMITS } from '../bytes/limits.ts';
import { HASH_ALGORITHMS, type HashName } from '../crypto/digest.ts';
import type { SegmentClaim } from '../ima/segment.ts';
import type { PcrValues } from '../pcr/selection.ts';
import type { SignatureClaim } from '../quote/signature.ts';
import type { Evidence, ImaClaim } from '../verify/evidence.ts';
import {
  type Bundle,
  type BundlePcrValues,
  type BundleSegment,
  parseBundle,
} from './bundle-schema.ts';
import { UsageError } from './exit.ts';
import { readText, readUpTo } from './files.ts';
import { printable } from './terminal.ts';

/** What a bundle holds: evidence in memory, and the list's files, still to be streamed. */
export interface OpenedBundle {
  readonly evidence: Evidence;
  /** The segments' files, in the order of `evidence.ima.segments`. */
  readonly segmentFiles: readonly SegmentFile[];
}

/** A segment's file: as the bundle names it, and where it really is. */
export interface SegmentFile {
  readonly name: string;
  readonly realPath: string;
}

/** Opens the bundle file at `bundlePath`. Fails with a `UsageError` when the bundle is not valid or
 *  a file it names cannot be read. A file that is longer than its structure may be is cut just
 *  behind the limit: its verdict will say so. */
export async function openBundle(bundlePath: string): Promise<OpenedBundle> {
  const bundle = parseBundle(await readText(bundlePath, FILE_LIMITS.bundleBytes), bundlePath);
  const within = await folderOf(bundlePath);
  const segments = bundle.ima?.segments ?? [];
  const segmentFiles: SegmentFile[] = [];
  for (const [index, { file: name }] of segments.entries()) {
    segmentFiles.push({ name, realPath: await within(name, `ima.segments[${index}].file`) });
  }
  return { evidence: await readEvidence(bundle, within), segmentFiles };
}

/** Finds the real path of a file that the bundle names in `key`. */
type Within = (file: string, key: string) => Promise<string>;

async function folderOf(bundlePath: string): Promise<Within> {
  const folder = await realpath(path.dirname(bundlePath));
  return async (file, key) => {
    const place = `${printable(bundlePath)}: ${key}: ${printable(file)}`;
    let real: string;
    try {
      real = await realpath(path.join(folder, file));
    } catch {
      throw new UsageError(`${place}: no such file.`, 'Paths are relative to the bundle.');
    }
    if (real.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)) return real;
    throw new UsageError(
      `${place}: leads out of the bundle's folder.`,
      'Copy the file into the folder: a bundle cannot name files elsewhere.',
    );
  };
}

async function readEvidence(bundle: Bundle, within: Within): Promise<Evidence> {
  const read = async (file: string, key: string, capBytes: number): Promise<Uint8Array> =>
    readUpTo(await within(file, key), capBytes);
  const { ak, quote } = bundle;
  const signature = await read(quote.signature, 'quote.signature', TPM_LIMITS.signatureBytes);
  return {
    ak: {
      bytes: await read(ak.file, 'ak.file', TPM_LIMITS.publicBytes),
      encoding: ak.encoding,
    },
    nonce: bundle.nonce,
    quote: {
      attest: await read(quote.attest, 'quote.attest', TPM_LIMITS.attestBytes),
      signature: signatureClaim(quote, signature),
    },
    ...(bundle.pcrValues && { pcrValues: pcrValues(bundle.pcrValues) }),
    ...(bundle.ima && { ima: imaClaim(bundle.ima) }),
    ...(bundle.bootLog !== undefined && {
      bootLog: await read(bundle.bootLog, 'bootLog', BOOT_LIMITS.logBytes),
    }),
    ...(bundle.userspaceLog !== undefined && {
      userspaceLog: await read(bundle.userspaceLog, 'userspaceLog', BOOT_LIMITS.userspaceLogBytes),
    }),
    ...(bundle.pcrUpdateCounter !== undefined && { pcrUpdateCounter: bundle.pcrUpdateCounter }),
  };
}

function signatureClaim(quote: Bundle['quote'], bytes: Uint8Array): SignatureClaim {
  if (quote.signatureEncoding === 'tpmt') return { encoding: 'tpmt', bytes };
  return { encoding: 'raw', bytes, scheme: quote.scheme, hash: quote.hash };
}

function imaClaim(ima: NonNullable<Bundle['ima']>): ImaClaim {
  return {
    segments: ima.segments.map(segmentClaim),
    fromIndex: ima.fromIndex,
    ...(ima.extendOrder && { extendOrder: ima.extendOrder }),
    ...(ima.startValues && { startValues: pcrValues(ima.startValues) }),
  };
}

function segmentClaim(segment: BundleSegment): SegmentClaim {
  const { kind, encoding, digestColumn, records } = segment;
  return { kind, encoding, digestColumn, ...(records !== undefined && { records }) };
}

function pcrValues(values: BundlePcrValues): PcrValues {
  const banks = new Map<HashName, ReadonlyMap<number, Uint8Array>>();
  for (const { name } of HASH_ALGORITHMS) {
    const byIndex = Object.entries(values[name] ?? {});
    if (byIndex.length === 0) continue;
    banks.set(name, new Map(byIndex.map(([pcr, value]) => [Number(pcr), value])));
  }
  return banks;
}
