// The chain of extends of one PCR: each value is the digest of the one before and of a record's
// digest. No two of them can be computed side by side. TPM 2.0 Part 1, 17 PCR operations;
// FORMATS 4.2

import { add, and, equal, type I32, i32, lessSigned, load, v128 } from './expression.ts';
import { type Callable, FunctionWriter } from './function-writer.ts';
import { blockBytes, type HashFunction, swapWords } from './hash-function.ts';
import { LAYOUT, SLOT_BYTES } from './layout.ts';

/** A function (slots, count, isWatched, quotedWord) that extends the value by `count` digests, one
 *  slot each, and gives how many it took: it stops behind one at which the value begins with
 *  `quotedWord`, where that is watched for. `compress` takes one block, `compressPadding` the one
 *  that follows where two digests fill a block. */
export function writeExtendChain(
  hash: HashFunction,
  calls: { readonly compress: Callable; readonly compressPadding: Callable | undefined },
): FunctionWriter {
  const writer = new FunctionWriter(4);
  const [slots, count, isWatched, quotedWord] = [0, 1, 2, 3].map((at) => writer.parameter(at));
  if (!slots || !count || !isWatched || !quotedWord) throw new Error('four parameters');
  const { state, block, value } = LAYOUT;
  const end = writer.let(count);
  const taken = writer.local('i32');
  moveWords(writer, hash, { from: i32(value), to: state });
  storeWords(writer, hash, { words: paddedBlock(hash), to: block });
  writer.while(lessSigned(taken, end), () => {
    for (const at of quadsOf(hash)) {
      writer.store(i32(block), at, load('v128', i32(state), at));
    }
    moveWords(writer, hash, { from: slots, to: block + hash.digestBytes });
    // Where a digest ends inside sixteen bytes, the move went over the first word of the padding.
    if (hash.digestBytes % 16 !== 0) writer.store(i32(block), 2 * hash.digestBytes, i32(1 << 31));
    storeWords(writer, hash, { words: hash.initial, to: state });
    writer.call(calls.compress, i32(state), i32(block));
    if (isWholeBlock(hash) && calls.compressPadding !== undefined)
      writer.call(calls.compressPadding, i32(state));
    writer.set(slots, add(slots, i32(SLOT_BYTES)));
    writer.set(taken, add(taken, i32(1)));
    const firstWord = load('i32', i32(state), hash.wordBytes - 4);
    writer.when(and(isWatched, equal(firstWord, quotedWord)), () => writer.set(end, taken));
  });
  moveWords(writer, hash, { from: i32(state), to: value });
  writer.result(taken);
  return writer;
}

/** The block that follows two digests, where they fill one by themselves. */
export function paddingBlock(hash: HashFunction): readonly bigint[] | undefined {
  return isWholeBlock(hash) ? padded(hash, 0) : undefined;
}

/** A block with the padding behind two digests. */
function paddedBlock(hash: HashFunction): readonly bigint[] {
  return isWholeBlock(hash) ? [] : padded(hash, (2 * hash.digestBytes) / hash.wordBytes);
}

function isWholeBlock(hash: HashFunction): boolean {
  return 2 * hash.digestBytes === blockBytes(hash);
}

/** Zeros, but one bit at word `end`, and the length of two digests in the last word. */
function padded(hash: HashFunction, end: number): readonly bigint[] {
  const words = Array.from({ length: 16 }, () => 0n);
  words[end] = 1n << BigInt(8 * hash.wordBytes - 1);
  words[15] = BigInt(2 * hash.digestBytes * 8);
  return words;
}

/** Copies a value and turns its words around: from bytes to words, or back. */
function moveWords(
  writer: FunctionWriter,
  hash: HashFunction,
  { from, to }: { readonly from: I32; readonly to: number },
): void {
  for (const at of quadsOf(hash)) {
    writer.store(i32(to), at, swapWords(hash, load('v128', from, at)));
  }
}

function storeWords(
  writer: FunctionWriter,
  hash: HashFunction,
  { words, to }: { readonly words: readonly bigint[]; readonly to: number },
): void {
  const bytes = words.flatMap((word) =>
    Array.from({ length: hash.wordBytes }, (_, at) => Number((word >> BigInt(8 * at)) & 0xffn)),
  );
  for (let at = 0; at < bytes.length; at += 16) {
    const quad = Array.from({ length: 16 }, (_, byte) => bytes[at + byte] ?? 0);
    writer.store(i32(to), at, v128(quad));
  }
}

/** Where the sixteen bytes begin that a digest touches. */
function quadsOf({ digestBytes }: HashFunction): readonly number[] {
  return Array.from({ length: Math.ceil(digestBytes / 16) }, (_, quad) => quad * 16);
}
