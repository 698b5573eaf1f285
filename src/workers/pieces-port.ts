// Evidence on its way into a thread: the thread asks for one piece at a time, so that neither side
// holds more of it than that.

import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { EvidencePiece } from '../service/reappraise.ts';

/** What goes to the thread. */
type Answer =
  | { readonly kind: 'piece'; readonly piece: EvidencePiece }
  | { readonly kind: 'end' }
  | { readonly kind: 'failed' };

/** Answers a thread that asks for pieces. */
export class PiecesFeed {
  readonly #port: MessagePort;
  readonly #pieces: AsyncIterator<EvidencePiece>;
  #isAsked = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(port: MessagePort, pieces: AsyncIterable<EvidencePiece>) {
    this.#port = port;
    this.#pieces = pieces[Symbol.asyncIterator]();
    port.on('message', () => void this.#answer());
  }

  /** Whether the thread has begun. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Says why nobody will ask. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** What kept the pieces from being read, if anything did. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Ends it, wherever it stands. */
  close(): void {
    this.#port.close();
    this.#pieces.return?.().catch(() => {});
  }

  async #answer(): Promise<void> {
    this.#isAsked = true;
    let answer: Answer;
    try {
      const next = await this.#pieces.next();
      answer = next.done === true ? { kind: 'end' } : { kind: 'piece', piece: next.value };
    } catch (error) {
      this.#failure = { error };
      answer = { kind: 'failed' };
    }
    this.#port.postMessage(answer);
  }
}

/** The pieces, in the thread that asks for them. Throws when the other side cannot read them. */
export async function* askForPieces(port: MessagePort): AsyncIterable<EvidencePiece> {
  for (;;) {
    const answered = once(port, 'message');
    port.postMessage('next');
    const [answer]: Answer[] = await answered;
    if (answer?.kind === 'piece') yield answer.piece;
    else if (answer?.kind === 'end') return;
    else throw new Error('the evidence could not be read');
  }
}
