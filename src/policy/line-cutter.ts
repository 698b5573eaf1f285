// Lines out of text that arrives in pieces cut anywhere, with a cap on the length of one. In CSV a
// line end between quotes belongs to the record. RFC 4180, 2.6; docs/policy.md, "Reference sets"

import { viewBytes } from '../bytes/encoding.ts';
import { POLICY_LIMITS } from '../bytes/limits.ts';

/** Takes a line without its newline, valid until it returns, and the number of its first line
 *  from 1. False ends the reading. */
export type LineSink = (line: Uint8Array | 'too-long', number: number) => boolean;

/** Cuts lines and hands on those that are not empty. */
export class LineCutter {
  readonly #sink: LineSink;
  readonly #hasQuotes: boolean;
  /** The start of a line whose end is still to come. */
  readonly #kept = new Uint8Array(POLICY_LIMITS.setLineBytes);
  /** How long that start is; more than `#kept` holds when the line is too long. */
  #keptBytes = 0;
  /** Whether that start ends between quotes. */
  #isQuoted = false;
  #firstLine = 1;
  #line = 1;
  #ended = false;

  constructor(sink: LineSink, { hasQuotes }: { readonly hasQuotes: boolean }) {
    this.#sink = sink;
    this.#hasQuotes = hasQuotes;
  }

  /** Feeds the next bytes. */
  push(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length && !this.#ended; ) {
      const newline = bytes.indexOf(LF, start);
      if (newline < 0) {
        this.#keep(viewBytes(bytes, start, bytes.length));
        return;
      }
      const piece = viewBytes(bytes, start, newline);
      this.#line += 1;
      if (this.#endsQuoted(piece)) this.#keep(viewBytes(bytes, start, newline + 1));
      else this.#endLine(piece);
      start = newline + 1;
    }
  }

  /** Ends the text: the last line may lack its newline. */
  end(): void {
    if (!this.#ended) this.#endLine(new Uint8Array());
    this.#ended = true;
  }

  /** Whether a line that goes on with `piece` is between quotes at its end. */
  #endsQuoted(piece: Uint8Array): boolean {
    if (!this.#hasQuotes) return false;
    let isQuoted = this.#isQuoted;
    for (let at = piece.indexOf(QUOTE); at >= 0; at = piece.indexOf(QUOTE, at + 1)) {
      isQuoted = !isQuoted;
    }
    return isQuoted;
  }

  #keep(piece: Uint8Array): void {
    this.#isQuoted = this.#endsQuoted(piece);
    this.#gather(piece);
  }

  #gather(piece: Uint8Array): void {
    const lengthBytes = this.#keptBytes + piece.length;
    if (lengthBytes <= this.#kept.length) this.#kept.set(piece, this.#keptBytes);
    this.#keptBytes = lengthBytes;
  }

  #endLine(rest: Uint8Array): void {
    const line = this.#whole(rest);
    if (line === 'too-long' || line.length > 0) this.#ended = !this.#sink(line, this.#firstLine);
    this.#keptBytes = 0;
    this.#isQuoted = false;
    this.#firstLine = this.#line;
  }

  #whole(rest: Uint8Array): Uint8Array | 'too-long' {
    const isCut = this.#keptBytes > 0;
    if (isCut) this.#gather(rest);
    const lengthBytes = isCut ? this.#keptBytes : rest.length;
    if (lengthBytes > this.#kept.length) return 'too-long';
    return isCut ? viewBytes(this.#kept, 0, lengthBytes) : rest;
  }
}

const LF = 0x0a;
const QUOTE = 0x22;
