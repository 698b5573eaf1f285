// Where the records of one window lie: parallel columns, one row a record. Framing fills it and
// its callers read fields through it, so that accepted records never become objects.

/** What framing and replay found out about a record. */
export const RECORD_FLAGS = {
  /** The digest column is all zero (FORMATS 4.4). */
  violation: 1,
  /** The digest column is not the digest of the template data. */
  columnMismatch: 2,
  /** Template `ima`, whose digest covers a padded form of the data (FORMATS 1.3). */
  legacy: 4,
} as const;

/** Rows `from` up to `to`, which is left out, and the window that they lie in. */
export interface TableRows {
  readonly window: Uint8Array;
  readonly table: RecordTable;
  readonly from: number;
  readonly to: number;
}

/** Rows for at most `capacity` records of one window. All offsets are relative to the window. */
export class RecordTable {
  readonly capacity: number;
  /** Records in use. */
  count = 0;
  /** Byte at which the record starts. */
  readonly start: Int32Array;
  /** Byte behind the record. */
  readonly end: Int32Array;
  readonly pcr: Uint32Array;
  readonly columnAt: Int32Array;
  readonly nameAt: Int32Array;
  readonly nameBytes: Int32Array;
  readonly dataAt: Int32Array;
  readonly dataBytes: Int32Array;
  readonly flags: Uint8Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.start = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
    this.pcr = new Uint32Array(capacity);
    this.columnAt = new Int32Array(capacity);
    this.nameAt = new Int32Array(capacity);
    this.nameBytes = new Int32Array(capacity);
    this.dataAt = new Int32Array(capacity);
    this.dataBytes = new Int32Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  /** Whether row `row` carries `flag` of RECORD_FLAGS. */
  has(row: number, flag: number): boolean {
    return ((this.flags[row] ?? 0) & flag) !== 0;
  }
}
