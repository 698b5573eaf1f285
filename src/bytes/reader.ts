// The only cursor over bytes from outside. It knows where it stands in the attester's original
// bytes, names every field it reads, and checks a length before it touches anything.
// docs/decisions/0003-one-reader.md

/** Where and why a structure could not be read. A door turns it into a finding. */
export interface Malformed {
  /** What went wrong. `cut-short`: bytes are missing; `over-cap`: longer than our limit;
   *  `left-over`: bytes remain behind the structure; `bad-value`: a value no encoder writes. */
  readonly kind: 'cut-short' | 'over-cap' | 'left-over' | 'bad-value';
  /** Dotted path of the field, for example `attested.quote.pcrSelect[0].sizeofSelect`. */
  readonly field: string;
  /** Absolute offset in the attester's bytes at which the field starts. */
  readonly offsetBytes: number;
  /** What a well-formed encoding has here, short. */
  readonly expected: string;
  /** What was found, short. */
  readonly actual: string;
}

/** Thrown inside a room by the reader, caught at the room's door; never crosses a door. */
export class MalformedError extends Error {
  readonly malformed: Malformed;
  constructor(malformed: Malformed) {
    super(`${malformed.field} at byte ${malformed.offsetBytes}: ${malformed.kind}`);
    this.name = 'MalformedError';
    this.malformed = malformed;
  }
}

/** The outcome of a `read…` door: the structure, or the place where it broke. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly malformed: Malformed };

/** Runs `read` and turns its `MalformedError` into a value. Every other exception is a fault of
 *  ours and passes through. */
export function readAtDoor<T>(read: () => T): Reading<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof MalformedError) return { ok: false, malformed: error.malformed };
    throw error;
  }
}

/** A half-open range of the attester's bytes, by absolute offset. */
export interface ByteRange {
  readonly startBytes: number;
  readonly endBytes: number;
}

/** Bounds-checked cursor. Byte order is fixed at construction: `big` for TPM structures, `little`
 *  for TCG logs, either for IMA lists (FORMATS 1.4). All offsets it reports are absolute. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;
  /** Absolute offset of `#bytes[0]` in the attester's original bytes. */
  readonly #baseBytes: number;
  readonly #prefix: string;
  #at = 0;

  constructor(
    bytes: Uint8Array,
    order: 'big' | 'little',
    origin: { readonly baseBytes?: number; readonly prefix?: string } = {},
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#littleEndian = order === 'little';
    this.#baseBytes = origin.baseBytes ?? 0;
    this.#prefix = origin.prefix ?? '';
  }

  /** Absolute offset of the next byte. */
  get offsetBytes(): number {
    return this.#baseBytes + this.#at;
  }

  /** How many bytes are left. */
  get leftBytes(): number {
    return this.#bytes.byteLength - this.#at;
  }

  /** The next byte without reading it, for elements that may be left out; undefined at the end. */
  get nextByte(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** Reads an unsigned byte. */
  u8(field: string): number {
    this.#need(1, field);
    const value = this.#view.getUint8(this.#at);
    this.#at += 1;
    return value;
  }

  /** Reads an unsigned 16-bit number. */
  u16(field: string): number {
    this.#need(2, field);
    const value = this.#view.getUint16(this.#at, this.#littleEndian);
    this.#at += 2;
    return value;
  }

  /** Reads an unsigned 32-bit number. */
  u32(field: string): number {
    this.#need(4, field);
    const value = this.#view.getUint32(this.#at, this.#littleEndian);
    this.#at += 4;
    return value;
  }

  /** Reads an unsigned 64-bit number. */
  u64(field: string): bigint {
    this.#need(8, field);
    const value = this.#view.getBigUint64(this.#at, this.#littleEndian);
    this.#at += 8;
    return value;
  }

  /** Takes `lengthBytes` bytes as a view, without copying. */
  take(lengthBytes: number, field: string): Uint8Array {
    this.#need(lengthBytes, field);
    const taken = this.#bytes.subarray(this.#at, this.#at + lengthBytes);
    this.#at += lengthBytes;
    return taken;
  }

  /** A reader over the next `lengthBytes` bytes that reports the same absolute offsets and
   *  prefixes its field names with `field`. */
  sub(lengthBytes: number, field: string): ByteReader {
    const baseBytes = this.offsetBytes;
    const bytes = this.take(lengthBytes, field);
    return new ByteReader(bytes, this.#littleEndian ? 'little' : 'big', {
      baseBytes,
      prefix: `${this.#path(field)}.`,
    });
  }

  /** Takes bytes behind a 16-bit length of at most `capBytes` (TPM2B_…). */
  sized16(field: string, capBytes: number): Uint8Array {
    return this.#sized(this.u16(`${field}.size`), 2, { field, capBytes });
  }

  /** Takes bytes behind a 32-bit length of at most `capBytes`. */
  sized32(field: string, capBytes: number): Uint8Array {
    return this.#sized(this.u32(`${field}.size`), 4, { field, capBytes });
  }

  /** The absolute range that has been read since `startBytes` (an earlier `offsetBytes`). */
  since(startBytes: number): Uint8Array {
    return this.#bytes.subarray(startBytes - this.#baseBytes, this.#at);
  }

  /** Fails unless every byte was read; `structure` names what should have ended here. */
  end(structure: string): void {
    if (this.leftBytes === 0) return;
    this.fail('left-over', structure, {
      expected: 'the end of the structure',
      actual: `${this.leftBytes} more bytes`,
    });
  }

  /** Fails with the next byte's place, or with `offsetBytes` when given. */
  fail(
    kind: Malformed['kind'],
    field: string,
    seen: { readonly expected: string; readonly actual: string; readonly offsetBytes?: number },
  ): never {
    throw new MalformedError({
      kind,
      field: this.#path(field),
      offsetBytes: seen.offsetBytes ?? this.offsetBytes,
      expected: seen.expected,
      actual: seen.actual,
    });
  }

  #path(field: string): string {
    return `${this.#prefix}${field}`;
  }

  #sized(
    lengthBytes: number,
    wordBytes: number,
    what: { readonly field: string; readonly capBytes: number },
  ): Uint8Array {
    if (lengthBytes > what.capBytes) {
      this.fail('over-cap', `${what.field}.size`, {
        expected: `at most ${what.capBytes} bytes`,
        actual: `${lengthBytes} bytes`,
        offsetBytes: this.offsetBytes - wordBytes,
      });
    }
    return this.take(lengthBytes, what.field);
  }

  #need(lengthBytes: number, field: string): void {
    if (lengthBytes <= this.leftBytes) return;
    this.fail('cut-short', field, {
      expected: `${lengthBytes} bytes`,
      actual: `${this.leftBytes} bytes left`,
    });
  }
}
