// Opens the captured quotes under test/evidence for the tests of the quote path.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../src/bytes/encoding.ts';
import type { HashName } from '../../src/crypto/digest.ts';
import { type AkClaim, type AkEncoding, readAk } from '../../src/enroll/ak.ts';
import type { PcrValues } from '../../src/pcr/selection.ts';
import type { AttestationKey } from '../../src/quote/attestation-key.ts';
import type { ExpectedBank } from '../../src/quote/judge-selection.ts';
import type { SignatureClaim, SignatureScheme } from '../../src/quote/signature.ts';

/** What the tests use of a bundle file. */
interface BundleFile {
  readonly ak: { readonly file: string; readonly encoding: AkEncoding };
  readonly nonce: string;
  readonly quote: {
    readonly attest: string;
    readonly signature: string;
    readonly signatureEncoding: 'tpmt' | 'raw';
    readonly scheme?: SignatureScheme;
    readonly hash?: HashName;
  };
  readonly pcrValues?: Readonly<Record<HashName, Readonly<Record<string, string>>>>;
}

/** What the tests use of the facts beside a bundle. */
interface ExpectedFacts {
  readonly scheme: SignatureScheme;
  readonly selection: readonly ExpectedBank[];
  readonly resetCount: number;
  readonly restartCount: number;
  /** Stated for public material only; captures of the project match. */
  readonly nonceMatches?: boolean;
  readonly pcrDigestMatches?: boolean | null;
}

export interface CapturedQuote {
  readonly name: string;
  readonly ak: AkClaim;
  readonly attest: Uint8Array;
  readonly signature: SignatureClaim;
  readonly nonce: Uint8Array;
  readonly pcrValues: PcrValues;
  readonly expected: ExpectedFacts;
}

/** Bytes of a file under test/. */
export function testFile(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(ROOT, path)));
}

/** Every bundle under test/evidence, by its path without the suffix. */
export function capturedNames(): readonly string[] {
  return readdirSync(join(ROOT, 'evidence'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(SUFFIX))
    .map((path) => path.replace(SUFFIX, ''))
    .sort();
}

/** One captured quote, for example `01-ima-ng-tcb/q01-rsassa-pcr10`. */
export function captured(name: string): CapturedQuote {
  const path = join('evidence', name);
  const bundle = readJson<BundleFile>(`${path}${SUFFIX}`);
  const file = (beside: string) => testFile(join(dirname(path), beside));
  const { quote } = bundle;
  return {
    name,
    ak: { bytes: file(bundle.ak.file), encoding: bundle.ak.encoding },
    attest: file(quote.attest),
    signature: signatureClaim(quote, file(quote.signature)),
    nonce: fromHex(bundle.nonce) ?? new Uint8Array(),
    pcrValues: valuesOf(bundle),
    expected: readJson<ExpectedFacts>(`${path}.expected.json`),
  };
}

/** The key of a capture, which must be readable. */
export function akOf(quote: CapturedQuote): AttestationKey {
  const reading = readAk(quote.ak);
  if (!reading.ok) throw new Error(`${quote.name}: ${reading.finding.message}`);
  return reading.ak;
}

function signatureClaim(quote: BundleFile['quote'], bytes: Uint8Array): SignatureClaim {
  const { signatureEncoding: encoding, scheme = 'rsassa', hash = 'sha256' } = quote;
  return encoding === 'tpmt' ? { encoding, bytes } : { encoding, bytes, scheme, hash };
}

function valuesOf(bundle: BundleFile): PcrValues {
  const banks = new Map<HashName, Map<number, Uint8Array>>();
  for (const [bank, pcrs] of Object.entries(bundle.pcrValues ?? {})) {
    const values = Object.entries(pcrs).map(
      ([pcr, value]) => [Number(pcr), fromHex(value) ?? new Uint8Array()] as const,
    );
    banks.set(bank as HashName, new Map(values));
  }
  return banks;
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SUFFIX = '.bundle.json';
