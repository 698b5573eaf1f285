// The rooms of src/, what each may import, and by which files others may enter it. The same table
// stands in docs/ARCHITECTURE.md; docs/decisions/0004-rooms-and-import-table.md says why.

/** Files that other rooms may import, without `.ts`; `any` where a room has no inside. */
export type Doors = 'any' | readonly string[];

export interface Room {
  /** Rooms it may import; `room/file` allows that one file only. */
  readonly rooms: readonly string[];
  /** Rooms of which it may import types only. */
  readonly types: readonly string[];
  /** Packages it may import; a final `*` stands for any ending. */
  readonly packages: readonly string[];
  readonly doors: Doors;
  /** Why the line is drawn here; quoted when a file crosses it. */
  readonly because: string;
}

/** Every room, from the bottom up. A file directly under src/ is a room of its own. */
export const ROOMS: Readonly<Record<string, Room>> = {
  findings: {
    rooms: [],
    types: [],
    packages: [],
    doors: 'any',
    because: 'every room names reason codes, so this one may know no other',
  },
  bytes: {
    rooms: ['findings'],
    types: [],
    packages: [],
    doors: 'any',
    because: 'the reader knows where it stands in the bytes and nothing about what they mean',
  },
  crypto: {
    rooms: ['bytes', 'findings'],
    types: [],
    packages: ['node:crypto', '@noble/curves', '@noble/hashes'],
    doors: 'any',
    because: 'digests and signatures are computed in one place, so that it can be audited',
  },
  pcr: {
    rooms: ['bytes', 'crypto', 'findings'],
    types: [],
    packages: [],
    doors: 'any',
    because: 'banks, selections and extends are where quote, list and log meet',
  },
  quote: {
    rooms: ['pcr', 'bytes', 'crypto', 'findings'],
    types: [],
    packages: [],
    doors: [
      'verify-quote',
      'attest',
      'attestation-key',
      'constants',
      'public-area',
      'signature',
      'tpmt-signature',
    ],
    because: 'the three formats are siblings: what one proves, the others learn from verify',
  },
  ima: {
    rooms: ['pcr', 'bytes', 'crypto', 'findings'],
    types: [],
    packages: [],
    doors: [
      'segment',
      'list-walk',
      'record',
      'registers',
      'template-fields',
      'templates',
      'buffer-events',
      'buffer-grammar',
      'file-signature',
      'evm-signature',
      'appended-signature',
      'boot-aggregate',
      'replay',
      'record-table',
      'frame-window',
    ],
    because: 'the three formats are siblings: what one proves, the others learn from verify',
  },
  boot: {
    rooms: ['pcr', 'bytes', 'crypto', 'findings'],
    types: [],
    packages: [],
    doors: [
      'event-log',
      'event-types',
      'event-data',
      'replay',
      'explain',
      'facts',
      'judge-boot',
      'secure-boot',
      'userspace-log',
    ],
    because: 'the three formats are siblings: what one proves, the others learn from verify',
  },
  timeline: {
    rooms: ['ima', 'quote', 'boot', 'pcr', 'bytes', 'crypto', 'findings'],
    types: [],
    packages: [],
    doors: [
      'boot-identity',
      'checkpoint',
      'origin',
      'record-history',
      'epochs',
      'event-record',
      'kexec-counts',
      'snapshots',
      'trim-event',
      'update-counter',
      'batch',
      'extend-order',
      'explain-counter',
    ],
    because: 'what belongs to one boot is found from records alone, before any policy is asked',
  },
  enroll: {
    rooms: ['quote', 'bytes', 'crypto', 'findings'],
    types: [],
    packages: ['@peculiar/x509', 'reflect-metadata'],
    doors: ['ak', 'ak-binding', 'ak-identity', 'certificate', 'keyring-file', 'pem'],
    because: 'who an attester is must not depend on what it says about its state',
  },
  policy: {
    rooms: ['timeline', 'ima', 'quote', 'boot', 'pcr', 'crypto', 'bytes', 'findings'],
    types: [],
    packages: ['zod'],
    doors: [
      'acceptance',
      'schema',
      'parse-policy',
      'compile',
      'explain',
      'policy-digest',
      'json-schema',
      'json-text',
      'structural',
      'ima-rules',
      'pinned-boot',
      'reference-set',
      'reference-set-ndjson',
      'reference-set-share',
      'reference-set-terms',
      'reference-set-text',
      'steps',
    ],
    because: 'a policy judges facts that were proven before it is asked; it proves nothing',
  },
  diagnosis: {
    rooms: ['timeline', 'ima', 'pcr', 'crypto', 'bytes', 'findings'],
    types: [],
    packages: [],
    doors: ['diagnose', 'diagnosis', 'trail'],
    because: 'a diagnosis explains a failed replay; it knows no policy and changes no verdict',
  },
  verify: {
    rooms: [
      'policy',
      'diagnosis',
      'timeline',
      'enroll',
      'quote',
      'ima',
      'boot',
      'pcr',
      'crypto',
      'bytes',
      'findings',
    ],
    types: [],
    packages: [],
    doors: ['evidence', 'timeline-state', 'verdict', 'verify'],
    because: 'the procedure is pure: same bytes, same policy, same verdict, and no world in it',
  },
  service: {
    rooms: ['verify', 'enroll', 'policy', 'bytes', 'findings'],
    types: ['crypto'],
    packages: ['zod', 'jose'],
    doors: 'any',
    because: 'a use case orders and stores through ports; it neither judges nor knows a database',
  },
  store: {
    rooms: [
      'service/ports',
      'service/key-stores',
      'service/enrolment-store',
      'service/timeline-schema',
    ],
    types: ['verify', 'policy', 'service'],
    packages: ['pg', '@electric-sql/pglite', 'zod', 'node:*'],
    doors: 'any',
    because: 'a store keeps what it is given; only here does SQL live',
  },
  api: {
    rooms: ['service', 'policy', 'bytes', 'findings'],
    types: ['verify'],
    packages: ['fastify', 'fastify-type-provider-zod', '@fastify/*', 'zod', 'node:*'],
    doors: 'any',
    because: 'a route parses, calls one service and answers',
  },
  collect: {
    rooms: ['ima', 'pcr', 'crypto', 'bytes', 'findings'],
    types: [],
    packages: ['node:*', 'tar-stream'],
    doors: 'any',
    because:
      'reference values are made from files and packages of this machine, beside the service',
  },
  workers: {
    rooms: ['service', 'bytes'],
    types: ['policy'],
    packages: ['piscina', 'node:*'],
    doors: ['worker-pool'],
    because: 'a thread carries work that the service names; what the work is, it does not know',
  },
  config: {
    rooms: [],
    types: ['service'],
    packages: ['zod'],
    doors: 'any',
    because: 'settings are read and checked before anything is built from them',
  },
  main: {
    rooms: ['api', 'store', 'service', 'workers', 'config'],
    types: [],
    packages: ['node:*', 'zod'],
    doors: 'any',
    because: 'the composition root builds everything and owns nothing',
  },
  cli: {
    rooms: [
      'main',
      'config',
      'collect',
      'api',
      'store',
      'service',
      'verify',
      'policy',
      'timeline',
      'enroll',
      'quote',
      'ima',
      'boot',
      'pcr',
      'crypto',
      'bytes',
      'findings',
    ],
    types: [],
    packages: ['node:*', 'zod'],
    doors: 'any',
    because: 'the command line is an outermost room: nothing may depend on it',
  },
};

/** Packages that one file of the whole tree wraps for everyone else. */
export const WRAPPED_PACKAGES: readonly string[] = ['@peculiar/x509', 'reflect-metadata'];
