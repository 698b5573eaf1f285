// Every cap on input from outside, in one place, each with its reason. Kernel facts: FORMATS 16.

/** Caps on TPM structures. TPM2B sizes come from the largest digest or key TPMs implement. */
export const TPM_LIMITS = {
  /** qualifiedSigner and extraData: a TPMT_HA, algorithm and the longest digest. */
  nameBytes: 66,
  /** TPML_PCR_SELECTION entries: one a bank; TPMs implement at most 16 hash algorithms. */
  selectionEntries: 16,
  /** sizeofSelect: 4 bytes cover 32 PCRs; real TPMs use 3. */
  selectBytes: 4,
  /** The longest digest, SHA-512 and SM3's larger neighbours. */
  digestBytes: 64,
  /** RSA modulus or signature: RSA-4096. */
  rsaBytes: 512,
  /** ECC coordinate or signature half: P-521 is 66 bytes. */
  eccBytes: 66,
  /** TPMS_ATTEST of a quote is below 1 KiB even with 16 selections; the cap leaves room. */
  attestBytes: 4096,
  /** TPMT_SIGNATURE or raw signature. */
  signatureBytes: 1024,
  /** TPM2B_PUBLIC, or a certificate that carries the key. */
  publicBytes: 16_384,
} as const;

/** Caps on certificates, on what is uploaded to trust, and on the search for a path. */
export const CERTIFICATE_LIMITS = {
  /** One certificate with its NV padding: the largest NV index of real TPMs is 2 KiB; CAs' own
   *  certificates stay under 4 KiB. */
  certificateBytes: 16_384,
  /** A PEM bundle; all TPM vendors together need 360 KB. */
  bundleBytes: 4_194_304,
  /** Blocks of one bundle; all TPM vendors together need 170. */
  bundleBlocks: 4096,
  /** One revocation list: some hundred thousand serial numbers. */
  revocationListBytes: 4_194_304,
  /** Extensions of one certificate; real ones have at most a dozen. */
  extensions: 64,
  /** Relative names in one distinguished name, and purposes of one key. */
  names: 64,
  /** A serial number: RFC 5280 allows 20 bytes; some issuers write a few more. */
  serialBytes: 64,
  /** Certificates of one path, leaf and anchor included; real EK paths have three or four. */
  pathCertificates: 8,
  /** Steps from a certificate to a possible issuer in one search, a signature check each: a
   *  quarter of a second at worst. */
  pathSteps: 256,
} as const;

/** Caps on IMA lists (FORMATS 16, right column). */
export const IMA_LIMITS = {
  /** A custom format of 15 fields of 16 characters has 254 bytes. */
  templateNameBytes: 255,
  /** IMA_TEMPLATE_NUM_FIELDS_MAX of the kernel. */
  fieldsPerRecord: 15,
  /** Type, algorithm name and the longest digest, with room. */
  digestFieldBytes: 96,
  /** Width of the name in template `ima`. */
  legacyNameBytes: 255,
  /** PATH_MAX and a NUL. */
  nameBytes: 4097,
  /** The longest extended attribute. */
  signatureBytes: 65_536,
  /** Keys, policies and command lines stay far below. */
  bufferBytes: 1_048_576,
  /** What the device mapper measures at once: DM_IMA_MEASUREMENT_BUF_LEN of the kernel. */
  deviceMapperBytes: 4096,
  /** One write to the policy: the largest page of any architecture. */
  policyWriteBytes: 65_536,
  /** All fields of one record together. */
  dataBytes: 4_194_304,
  /** PCR, digest column, name length, name and data length before the data. */
  headBytes: 4 + 64 + 4 + 255 + 4,
  /** TPM2_MAX_PCR_BANKS of the kernel. */
  banks: 8,
  /** Segments of one evidence: staged chunks of a long-running host. */
  segments: 4096,
  /** Bytes of one ASCII line: two characters a byte of the largest record. */
  asciiLineBytes: 2 * 4_194_304 + 16_384,
} as const;

/** Caps on firmware event logs: real logs stay under 100 KB and 200 events. Event data are hashed
 *  once or twice for each quoted bank. */
export const BOOT_LIMITS = {
  /** Twenty times what real firmware writes. */
  logBytes: 2_097_152,
  /** Twenty times what real firmware writes; bounds the extends of a replay of every bank. */
  events: 4096,
  /** One event's data: a UEFI variable such as dbx may hold some hundred KB. */
  eventBytes: 1_048_576,
  /** TPMs implement at most 16 hash algorithms. */
  algorithms: 16,
  /** systemd's log of its own measurements: some KB on a booted system, a record for each. */
  userspaceLogBytes: 4_194_304,
  /** As many as firmware events. */
  userspaceRecords: 4096,
  /** One record: digests of a few banks and a short text. */
  userspaceRecordBytes: 65_536,
} as const;

/** Caps on policies and reference sets: written by admins, but read before they are trusted. */
export const POLICY_LIMITS = {
  /** A policy document as text. The most rules fit, with 250 bytes each. */
  documentBytes: 262_144,
  /** Nesting of the JSON text; the schema needs five levels. */
  nesting: 32,
  /** Values of all kinds in a policy document: a dozen for each of the most rules, and then
   *  some. */
  values: 15_000,
  /** Plain values in one list of a policy document: allowed values of a PCR, mostly. */
  items: 128,
  /** Members of one object in a policy document: labels, mostly. */
  members: 64,
  /** Rules of one list, measurements or violations: a record may be held against each of them, and
   *  reading the document must not keep the process from its other work. */
  rules: 1_000,
  /** Reference sets that one rule names. */
  setsPerRule: 64,
  /** A path pattern: PATH_MAX of the kernel. */
  patternBytes: 4096,
  /** All path patterns of a policy together: a hostile name visits every byte of each. */
  patternsBytes: 65_536,
  /** Steps in which all rules of a policy are compared with each other, which takes some ten
   *  milliseconds. */
  lintSteps: 200_000,
  /** Steps of one comparison: patterns of people take hundreds, made-up ones any number. */
  lintPairSteps: 30_000,
  /** Distinct entries of one reference set; 10^7 digests of SHA-256 are 320 MB. */
  setEntries: 10_000_000,
  /** One line of a reference set: SHA-512 in hex and a path of PATH_MAX, every byte escaped. */
  setLineBytes: 16_384,
  /** Changed entries that one comparison of two sets tells; the rest are counted. */
  shownChanges: 100_000,
  /** A Keylime runtime policy sent to the service: parsed in one go, in at most some 40
   *  ms. Larger ones are converted by the command line. */
  keylimeBytes: 1_048_576,
  /** Problems told about one document or set; the rest are counted. */
  problems: 100,
} as const;

/** Caps on keyrings, and on what one record may cost through them. */
export const KEYRING_LIMITS = {
  /** A file of keys: as many certificates as below, each of 4 KiB in PEM. */
  fileBytes: 1_048_576,
  /** Different keys of one keyring; kernels and distributions have a dozen. */
  keys: 256,
  /** Keys that are tried on one signature whose key identifier none of them has: an ECDSA check
   *  takes some milliseconds, and whoever writes the attribute chooses the identifier. */
  triedKeys: 8,
} as const;

/** Caps on what a verdict holds, so that hostile evidence cannot write a huge one. */
export const VERDICT_LIMITS = {
  /** Findings kept in full for each code; the rest are counted. */
  findingsPerCode: 20,
  /** Characters of one shown value. */
  shownChars: 512,
} as const;

/** Caps on appraising stored evidence again, in threads of their own. */
export const REAPPRAISAL_LIMITS = {
  /** Rounds of one boot that proved something new; a year of new records every hour has 8760. */
  rounds: 10_000,
  /** Pieces of work that wait for a thread; more are told to come back. Each costs some
   *  milliseconds, and who waits longer than a minute has gone. */
  waiting: 256,
  /** Trials that run at once in one instance; they share the threads that trials may have. */
  trials: 2,
  /** Attesters of one trial: a day of one thread at a second each. */
  trialAttesters: 100_000,
  /** Findings that a trial's result tells of in full: the most frequent ones. */
  trialFindings: 20,
  /** Attesters that a trial's result names for each change of status; all are counted. */
  trialNames: 1000,
  /** Finished trials of a version that are listed. */
  trialsListed: 100,
  /** Different findings that a trial tells apart while it counts. */
  trialDistinct: 100_000,
  /** Entries proposed from one host: ten times the files that a usual one measures. */
  proposals: 100_000,
} as const;

/** Caps on files that the command line reads. */
export const FILE_LIMITS = {
  /** An evidence bundle: paths and hex; the room is for a long `extendOrder`. */
  bundleBytes: 16_777_216,
  /** A Keylime runtime policy to convert: half a million files. */
  keylimeBytes: 67_108_864,
  /** Timelines kept between calls: some thousand attesters, or some with very many findings. */
  stateBytes: 67_108_864,
  /** What one `.gz` may unpack to: ten million records. */
  gunzippedBytes: 1_073_741_824,
  /** How much of a file is in memory at a time. */
  windowBytes: 1_048_576,
} as const;

/** Caps on what is followed beside the plain reading of a list. */
export const TIMELINE_LIMITS = {
  /** Records whose fingerprints are kept to notice overlapping segments: a staged chunk. */
  overlapRecords: 65_536,
  /** Readings of one list that are followed at once. */
  readings: 4,
  /** Members of one batch (FORMATS 12.2). */
  batchRecords: 4096,
  /** Earlier checkpoints of a boot that evidence may start from. */
  earlierCheckpoints: 4,
} as const;

/** Caps on the search for why a list missed the quote. */
export const DIAGNOSIS_LIMITS = {
  /** Extends of one search, half a second: as much as it costs to read a list of 10^5 records. Each
   *  record of some two hundred new ones can be tried under every hypothesis. */
  extends: 200_000,
  /** Newest records that are kept for it; as many again while their windows are whole. */
  records: 4096,
  /** Bytes of those records: a thousand each, far above the usual; as many again likewise. */
  bytes: 4_194_304,
  /** Segments whose other orders are tried: 23 of them for four. */
  segments: 4,
  /** Places that one diagnosis names. */
  places: 20,
} as const;

/** Caps on who calls the service. */
export const ACCESS_LIMITS = {
  /** Characters of a bearer credential; tokens of issuers with many groups have some thousand. */
  credentialChars: 8192,
  /** A discovery document or key set of a token issuer: real ones have some kilobytes. */
  issuerDocumentBytes: 262_144,
  /** Keys of a token issuer: real ones have two or three. */
  issuerKeys: 100,
} as const;

/** Caps on attestation results and on the keys that sign them. */
export const RESULT_LIMITS = {
  /** Characters of a relying party's nonce: the shortest and the longest that EAR allows. */
  nonceCharsMin: 12,
  /** Base64url of 64 bytes, unpadded. */
  nonceCharsMax: 86,
  /** Characters of an audience: an address. */
  audienceChars: 256,
  /** A result that is read: ours have less than two thousand bytes. */
  tokenBytes: 65_536,
  /** A key set that is read: a hundred keys. */
  keySetBytes: 65_536,
  /** How long a replaced key stays in the key set: the longest life of a verdict, and a minute. */
  oldKeySeconds: 604_860,
} as const;
