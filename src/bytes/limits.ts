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

/** Caps on firmware event logs: real logs stay under 100 KB and 200 events. */
export const BOOT_LIMITS = {
  /** A hundred times what real firmware writes. */
  logBytes: 16_777_216,
  /** Twenty times what real firmware writes; bounds the extends of a replay of every bank. */
  events: 4096,
  /** One event's data: a UEFI variable such as dbx may hold some hundred KB. */
  eventBytes: 4_194_304,
  /** TPMs implement at most 16 hash algorithms. */
  algorithms: 16,
} as const;

/** Caps on policies and reference sets: written by admins, but read before they are trusted. */
export const POLICY_LIMITS = {
  /** A policy document as text. Ten thousand short rules fit. */
  documentBytes: 1_048_576,
  /** Nesting of the JSON text; the schema needs five levels. */
  nesting: 32,
  /** Rules of one list: measurements or violations. */
  rules: 10_000,
  /** Reference sets that one rule names. */
  setsPerRule: 64,
  /** A path pattern: PATH_MAX of the kernel. */
  patternBytes: 4096,
  /** Distinct entries of one reference set; 10^7 digests of SHA-256 are 320 MB. */
  setEntries: 10_000_000,
  /** One line of a reference set: SHA-512 in hex and a path of PATH_MAX, every byte escaped. */
  setLineBytes: 16_384,
  /** Problems told about one document or set; the rest are counted. */
  problems: 100,
} as const;

/** Caps on what a verdict holds, so that hostile evidence cannot write a huge one. */
export const VERDICT_LIMITS = {
  /** Findings kept in full for each code; the rest are counted. */
  findingsPerCode: 20,
  /** Characters of one shown value. */
  shownChars: 512,
} as const;

/** Caps on files that the command line reads. */
export const FILE_LIMITS = {
  /** An evidence bundle: paths and hex; the room is for a long `extendOrder`. */
  bundleBytes: 16_777_216,
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
