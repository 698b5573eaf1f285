// Long content as compressed chunks: gathered to a fair size, each compressed by itself, so that
// neither writing nor reading ever holds the whole. RFC 1952 (gzip).

import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** One chunk, ready for its row. */
export interface Chunk<Part> {
  readonly part: Part;
  /** Counts from 0 within its part. */
  readonly sequence: number;
  /** Before compression. */
  readonly sizeBytes: number;
  readonly bytes: Uint8Array;
}

/** Gathers windows to chunks. Holds at most one chunk and one window. */
export class ChunkGatherer<Part> {
  #part: Part | undefined;
  #sequence = 0;
  #windows: Uint8Array[] = [];
  #sizeBytes = 0;
  #written = false;

  /** Adds a window of `part`; answers the chunks that are full now. Windows of a part follow each
   *  other; a new part ends the one before. */
  async add(part: Part, window: Uint8Array): Promise<Chunk<Part>[]> {
    const ended = part === this.#part ? [] : await this.#begin(part);
    this.#windows.push(window);
    this.#sizeBytes += window.byteLength;
    if (this.#sizeBytes < CHUNK_BYTES) return ended;
    return [...ended, ...(await this.rest())];
  }

  /** The chunk in the making, if any. */
  async rest(): Promise<Chunk<Part>[]> {
    // A part of no bytes is kept as one empty chunk: it was sent.
    if (this.#part === undefined || (this.#sizeBytes === 0 && this.#written)) return [];
    const chunk = {
      part: this.#part,
      sequence: this.#sequence,
      sizeBytes: this.#sizeBytes,
      bytes: await compress(Buffer.concat(this.#windows), { level: LEVEL }),
    };
    this.#sequence += 1;
    this.#windows = [];
    this.#sizeBytes = 0;
    this.#written = true;
    return [chunk];
  }

  async #begin(part: Part): Promise<Chunk<Part>[]> {
    const ended = await this.rest();
    this.#part = part;
    this.#sequence = 0;
    this.#written = false;
    return ended;
  }
}

/** The bytes of a chunk as they came. */
export function expandChunk(bytes: Uint8Array): Promise<Uint8Array> {
  return expand(bytes);
}

const compress = promisify<Uint8Array, { level: number }, Uint8Array>(gzip);
const expand = promisify<Uint8Array, Uint8Array>(gunzip);

/** Large enough that rows are few, small enough that a hundred uploads fit in memory. */
const CHUNK_BYTES = 1_048_576;

/** Digests do not compress, and names do at any level: the fastest one. */
const LEVEL = 1;
