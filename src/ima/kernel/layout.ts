// Where everything lies in the kernel's memory. All offsets are multiples of 16.

/** Most records of one call, and bytes of a digest's place: a digest, then zeros. */
export const ROWS = 4096;
export const SLOT_BYTES = 64;

/** Bytes of list that the memory has room for. */
export const WINDOW_BYTES = 1_048_576;

/** Place of a message that does not stand in the list as it is digested: template `ima`. */
export const MADE_BYTES = 288;

/** Bytes that may be read, and never count, behind the last message. */
const SLACK_BYTES = 512;

const ROW_WORDS = 4 * ROWS;

/** Offsets of the areas. */
export const LAYOUT = inOrder({
  /** State words, each in every lane. */
  state: 8 * 16,
  /** A block of words, or of message bytes for each lane. */
  block: 256,
  /** Running value of a PCR. */
  value: SLOT_BYTES,
  /** One 32-bit number a row: where a message begins and how long it is. */
  messageAt: ROW_WORDS,
  messageBytes: ROW_WORDS,
  /** Where the digest column stands, and whether it differs. */
  columnAt: ROW_WORDS,
  isDifferent: ROW_WORDS,
  /** What framing finds, beside `columnAt`: see the columns of a RecordTable. */
  start: ROW_WORDS,
  end: ROW_WORDS,
  pcr: ROW_WORDS,
  nameAt: ROW_WORDS,
  nameBytes: ROW_WORDS,
  dataAt: ROW_WORDS,
  dataBytes: ROW_WORDS,
  flags: ROW_WORDS,
  /** Digests of all messages, a slot each, in each hash. */
  sha1: ROWS * SLOT_BYTES,
  sha256: ROWS * SLOT_BYTES,
  sha384: ROWS * SLOT_BYTES,
  sha512: ROWS * SLOT_BYTES,
  made: ROWS * MADE_BYTES,
  window: WINDOW_BYTES,
  slack: SLACK_BYTES,
});

/** The whole memory, in pages of 64 KiB. */
export const MEMORY_PAGES = Math.ceil((LAYOUT.slack + SLACK_BYTES) / 65_536);

function inOrder<K extends string>(sizes: Record<K, number>): Record<K, number> {
  let at = 0;
  const offsets = { ...sizes };
  for (const area in sizes) {
    offsets[area] = at;
    at += sizes[area];
  }
  return offsets;
}
