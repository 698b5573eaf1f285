// What the kernel has to know of a hash function of the Merkle–Damgård kind, and the code of its
// compression over a block: for one message, or for as many as a vector has lanes. FIPS 180-4.

import { type I32, load, shuffle, type V128, type Value, type ValueType } from './expression.ts';
import { FunctionWriter, type Local } from './function-writer.ts';
import { type Arithmetic, knownWords, type Words } from './words.ts';

/** A hash function whose blocks are sixteen words. */
export interface HashFunction {
  readonly wordBytes: 4 | 8;
  readonly digestBytes: number;
  readonly initial: readonly bigint[];
  /** Round constants. */
  readonly constants: readonly bigint[];
  /** A word of the message schedule; `back(n)` is the one `n` places before it. */
  scheduled<V>(words: Arithmetic<V>, back: (places: number) => V): V;
  /** Runs the rounds over `state`. `scheduled(t)` is the sum of word and constant of round `t`. */
  rounds<T extends ValueType>(
    writer: FunctionWriter,
    words: Words<T>,
    run: {
      readonly state: readonly Local<T>[];
      readonly scheduled: (round: number) => Value<T>;
    },
  ): void;
}

/** Bytes of a block. */
export function blockBytes({ wordBytes }: HashFunction): number {
  return BLOCK_WORDS * wordBytes;
}

/** A function (state, block) that compresses a block into the state.
 *
 *  State words stand one behind the other, each in every lane; so do the words of the block for one
 *  message, in the machine's byte order. For several messages `block` has a block of message bytes
 *  for each lane. */
export function writeCompression<T extends ValueType>(
  hash: HashFunction,
  words: Words<T>,
  loadBlock: (writer: FunctionWriter, block: I32) => readonly Value<T>[],
): FunctionWriter {
  const writer = new FunctionWriter(2);
  const block = loadBlock(writer, writer.parameter(1)).map((word) => writer.let(word));
  const constant = (round: number) => words.constant(hash.constants[round] ?? 0n);
  const wordOf = (round: number): Local<T> => {
    const word = block[round % BLOCK_WORDS];
    if (word === undefined) throw new Error('a block has sixteen words');
    return word;
  };
  writeRounds(hash, words, {
    writer,
    scheduled(round) {
      const word = wordOf(round);
      if (round >= BLOCK_WORDS) {
        writer.set(
          word,
          hash.scheduled(words, (places) => wordOf(round - places)),
        );
      }
      return words.add(word, constant(round));
    },
  });
  return writer;
}

/** A function (state) that compresses `block`, known when the code is written, into the state. */
export function writeKnownCompression<T extends ValueType>(
  hash: HashFunction,
  words: Words<T>,
  block: readonly bigint[],
): FunctionWriter {
  const writer = new FunctionWriter(1);
  const known = knownWords(hash.wordBytes);
  const schedule = [...block];
  for (let round = BLOCK_WORDS; round < hash.constants.length; round += 1) {
    schedule.push(hash.scheduled(known, (places) => schedule[round - places] ?? 0n));
  }
  writeRounds(hash, words, {
    writer,
    scheduled: (round) => words.constant((schedule[round] ?? 0n) + (hash.constants[round] ?? 0n)),
  });
  return writer;
}

function writeRounds<T extends ValueType>(
  hash: HashFunction,
  words: Words<T>,
  run: { readonly writer: FunctionWriter; readonly scheduled: (round: number) => Value<T> },
): void {
  const { writer, scheduled } = run;
  const address = writer.parameter(0);
  const stride = words.wordBytes * words.lanes;
  const state = hash.initial.map((_, at) => writer.let(load(words.type, address, at * stride)));
  hash.rounds(writer, words, { state, scheduled });
  for (const [at, word] of state.entries()) {
    const sum = words.add(word, load(words.type, address, at * stride));
    writer.store(address, at * stride, sum);
  }
}

/** The words of a block of one message. */
export function loadWords<T extends ValueType>(words: Words<T>) {
  return (_writer: FunctionWriter, block: I32): readonly Value<T>[] =>
    Array.from({ length: BLOCK_WORDS }, (_, at) => load(words.type, block, at * words.wordBytes));
}

/** The words of blocks of four messages: rows of bytes become columns of 32-bit words. */
export function loadFourLanes(writer: FunctionWriter, block: I32): readonly V128[] {
  return [0, 16, 32, 48].flatMap((at) => {
    const row = (lane: number): V128 => load('v128', block, lane * 64 + at);
    const pair = (lane: number, half: 0 | 8): V128 =>
      writer.let(shuffle(row(lane), row(lane + 1), INTERLEAVED_SWAPPED_WORDS[half]));
    return ([0, 8] as const).flatMap((half) => {
      const [left, right] = [pair(0, half), pair(2, half)];
      return [shuffle(left, right, LOW_HALVES), shuffle(left, right, HIGH_HALVES)];
    });
  });
}

/** The words of blocks of two messages: rows of bytes become columns of 64-bit words. */
export function loadTwoLanes(_writer: FunctionWriter, block: I32): readonly V128[] {
  return Array.from({ length: 8 }, (_, at) => {
    const [left, right] = [load('v128', block, at * 16), load('v128', block, 128 + at * 16)];
    return [shuffle(left, right, SWAPPED_LOW_HALVES), shuffle(left, right, SWAPPED_HIGH_HALVES)];
  }).flat();
}

/** Messages are big-endian, lanes are not: words are turned around where they are moved anyway. */
const swapped = (firsts: readonly number[], wordBytes: 4 | 8): readonly number[] =>
  firsts.flatMap((first) =>
    Array.from({ length: wordBytes }, (_, at) => first + wordBytes - 1 - at),
  );

/** Sixteen bytes with the bytes of each word turned around. */
export function swapWords({ wordBytes }: HashFunction, value: V128): V128 {
  return shuffle(value, value, SWAPPED_WORDS[wordBytes]);
}

const SWAPPED_WORDS = { 4: swapped([0, 4, 8, 12], 4), 8: swapped([0, 8], 8) };
const INTERLEAVED_SWAPPED_WORDS = {
  0: swapped([0, 16, 4, 20], 4),
  8: swapped([8, 24, 12, 28], 4),
};
const SWAPPED_LOW_HALVES = swapped([0, 16], 8);
const SWAPPED_HIGH_HALVES = swapped([8, 24], 8);
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_HALVES = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

const BLOCK_WORDS = 16;
