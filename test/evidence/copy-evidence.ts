// Copies the captured evidence that the tests need from a full collection into this folder.
// Run: tsx test/evidence/copy-evidence.ts COLLECTION. What it does is described in ABOUT.md.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Measurement lists that no bundle names, but whose replay their origin or we have stated. */
const STANDALONE_LISTS = [
  'public/Fraunhofer-SIT-charra/ascii_runtime_measurements',
  'public/Fraunhofer-SIT-charra/binary_runtime_measurements',
  'public/hpe-security-lab-keylime-perf-tests/ima_log.txt',
  'public/immune-gmbh-guard-oss/h12ssl/ascii_runtime_measurements',
  'public/immune-gmbh-guard-oss/h12ssl/before.measurements',
  'public/immune-gmbh-guard-oss/h12ssl/binary_runtime_measurements',
  'public/immune-gmbh-guard-oss/h12ssl/created.measurements',
  'public/kgoldman-acs/imasig.first-500.log',
  'public/openeuler-mirror-kunpengsecl/ima-ng/ascii_runtime_measurements_sha1',
  'public/openeuler-mirror-kunpengsecl/ima/ascii_runtime_measurements',
  'public/tpm2-software-tpm2-tss/sml-ima-ng-sha1.b64',
  'public/tpm2-software-tpm2-tss/sml-ima-sha1-invalidated.b64',
  'public/tpm2-software-tpm2-tss/sml-ima-sha1.b64',
];

/** Keys that signed files in lists, or were put on a keyring. */
const SIGNING_KEYS = [
  ...['02-ima-sig', '03-ima-buf'].flatMap((scenario) =>
    ['ima-ec.crt.der', 'ima-ec.crt.pem', 'ima-rsa.crt.der', 'ima-rsa.crt.pem'].map(
      (file) => `${scenario}/ima-keys/${file}`,
    ),
  ),
  'public/kgoldman-acs/imakey.der',
];

/** Certificates, the keys that they are for, and what was made with those keys. */
const TRUST_FILES: readonly RegExp[] = [
  /^\d\d-[^/]+\/boot1\/keys\/(?:ek-cert-[^/]+|platform-cert)\.der$/,
  /^\d\d-[^/]+\/boot1\/keys\/ek-[^/]+\.pub$/,
  /^\d\d-[^/]+\/ca\/[^/]+\.pem$/,
  /^01-[^/]+\/boot1\/keys\/(?:certify|activation)-[^/]+\.(?:attest|sig|bin)$/,
  /^public\/.+(?:\.(?:crt|cer)|cert\.pem|cert\.der|-ca-certificates\.pem)$/,
];

/** Standalone lists above this size are stored gzip-compressed, with `.gz` behind the name. */
const GZIP_ABOVE_BYTES = 65_536;

/** Names the event logs of its folder that no bundle names, with the PCR values of each. */
const STATED_PCRS = 'expected-pcrs.json';

/** Those logs are stored gzip-compressed above this size. */
const GZIP_LOG_ABOVE_BYTES = 10_000;

/** The files that a bundle names, as the bundle spells them. */
interface NamedFiles {
  readonly ak: { readonly file: string };
  readonly quote: { readonly attest: string; readonly signature: string };
  readonly ima?: { readonly segments: readonly { readonly file: string }[] };
  readonly bootLog?: string;
}

copyEvidence(process.argv[2] ?? '', dirname(new URL(import.meta.url).pathname));

function copyEvidence(collection: string, target: string): void {
  const files = new Set<string>();
  const logs = new Set<string>();
  for (const path of readdirSync(collection, { recursive: true, encoding: 'utf8' })) {
    if (basename(path) === STATED_PCRS) {
      files.add(path);
      for (const log of logsOf(collection, path)) logs.add(log);
    }
    if (TRUST_FILES.some((file) => file.test(path))) files.add(path);
    if (!path.endsWith('.bundle.json')) continue;
    for (const file of filesOf(collection, path)) files.add(file);
  }
  for (const file of [...STANDALONE_LISTS, ...SIGNING_KEYS, ...logs]) files.add(file);
  for (const file of [...files]) {
    if (file.startsWith('public/')) files.add(join('public', file.split('/')[1] ?? '', 'LICENSE'));
  }
  for (const file of [...files].sort()) {
    const gzipAboveBytes = gzipAbove(file, logs);
    copyOne(join(collection, file), join(target, file), gzipAboveBytes);
  }
}

/** From which size on a file is compressed; bundles name files that stay as they are. */
function gzipAbove(file: string, logs: ReadonlySet<string>): number {
  if (logs.has(file)) return GZIP_LOG_ABOVE_BYTES;
  return STANDALONE_LISTS.includes(file) ? GZIP_ABOVE_BYTES : Number.POSITIVE_INFINITY;
}

/** The event logs whose PCR values a file states, relative to the collection. */
function logsOf(collection: string, path: string): string[] {
  const stated: object = JSON.parse(readFileSync(join(collection, path), 'utf8'));
  return Object.keys(stated).map((name) => join(dirname(path), name));
}

/** A bundle, its expected facts, and every file the bundle names, relative to the collection. */
function filesOf(collection: string, bundlePath: string): string[] {
  const bundle: NamedFiles = JSON.parse(readFileSync(join(collection, bundlePath), 'utf8'));
  const named = [
    bundle.ak.file,
    bundle.quote.attest,
    bundle.quote.signature,
    ...(bundle.ima?.segments ?? []).map((segment) => segment.file),
    ...(bundle.bootLog === undefined ? [] : [bundle.bootLog]),
  ];
  const folder = dirname(join(collection, bundlePath));
  const expected = `${basename(bundlePath, '.bundle.json')}.expected.json`;
  return [basename(bundlePath), expected, ...named].map((name) =>
    relative(collection, join(folder, name)),
  );
}

function copyOne(from: string, to: string, gzipAboveBytes: number): void {
  mkdirSync(dirname(to), { recursive: true });
  const bytes = readFileSync(from);
  if (bytes.byteLength > gzipAboveBytes) {
    writeFileSync(`${to}.gz`, gzipSync(bytes, { level: 9 }));
  } else {
    writeFileSync(to, bytes);
  }
}
