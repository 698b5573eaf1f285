// SHA-256, SHA-384 and SHA-512 over any words: one function in two word sizes.
// FIPS 180-4, 4.1.2, 4.1.3, 5.3, 6.2 and 6.4.

import type { HashFunction } from './hash-function.ts';
import { CUBE_ROOTS, SQUARE_ROOTS } from './sha2-constants.ts';
import type { Arithmetic } from './words.ts';

/** Rotations, and one shift where a schedule has it. */
interface Sigma {
  readonly rotate: readonly number[];
  readonly shift?: number;
}

interface Sha2 {
  readonly wordBytes: 4 | 8;
  readonly digestBytes: number;
  readonly initial: readonly bigint[];
  readonly constants: readonly bigint[];
  /** Of the rounds, over words a and e. */
  readonly sums: readonly [Sigma, Sigma];
  /** Of the message schedule. */
  readonly sigmas: readonly [Sigma, Sigma];
}

const highHalf = (root: bigint): bigint => root >> 32n;

export const SHA256 = sha2({
  wordBytes: 4,
  digestBytes: 32,
  initial: SQUARE_ROOTS.filter((_, at) => at < 8).map(highHalf),
  constants: CUBE_ROOTS.filter((_, at) => at < 64).map(highHalf),
  sums: [{ rotate: [2, 13, 22] }, { rotate: [6, 11, 25] }],
  sigmas: [
    { rotate: [7, 18], shift: 3 },
    { rotate: [17, 19], shift: 10 },
  ],
});

const LONG_WORDS: Omit<Sha2, 'digestBytes' | 'initial'> = {
  wordBytes: 8,
  constants: CUBE_ROOTS,
  sums: [{ rotate: [28, 34, 39] }, { rotate: [14, 18, 41] }],
  sigmas: [
    { rotate: [1, 8], shift: 7 },
    { rotate: [19, 61], shift: 6 },
  ],
};

export const SHA512 = sha2({
  ...LONG_WORDS,
  digestBytes: 64,
  initial: SQUARE_ROOTS.filter((_, at) => at < 8),
});

export const SHA384 = sha2({
  ...LONG_WORDS,
  digestBytes: 48,
  initial: SQUARE_ROOTS.filter((_, at) => at >= 8),
});

function sha2({ sums, sigmas, ...known }: Sha2): HashFunction {
  return {
    ...known,

    scheduled(words, back) {
      const recent = words.add(sigma(words, back(2), sigmas[1]), back(7));
      return words.add(words.add(recent, sigma(words, back(15), sigmas[0])), back(16));
    },

    rounds(writer, words, { state, scheduled }) {
      let [a, b, c, d, e, f, g, h] = state;
      if (!a || !b || !c || !d || !e || !f || !g || !h) throw new Error('eight words');
      // Of the majority of a, b and c, what b and c share was what a and b shared a round before.
      let [aXorB, bXorC] = [writer.local(words.type), writer.let(words.xor(b, c))];
      for (let round = 0; round < known.constants.length; round += 1) {
        const choice = words.xor(g, words.and(e, words.xor(f, g)));
        const first = words.add(words.add(h, scheduled(round)), choice);
        writer.set(h, words.add(first, sigma(words, e, sums[1])));
        writer.set(d, words.add(d, h));
        writer.set(aXorB, words.xor(a, b));
        const majority = words.xor(b, words.and(aXorB, bXorC));
        writer.set(h, words.add(words.add(h, majority), sigma(words, a, sums[0])));
        [aXorB, bXorC] = [bXorC, aXorB];
        [a, b, c, d, e, f, g, h] = [h, a, b, c, d, e, f, g];
      }
    },
  };
}

function sigma<V>(words: Arithmetic<V>, value: V, { rotate, shift }: Sigma): V {
  const parts = rotate.map((bits) => words.rotateRight(value, bits));
  if (shift !== undefined) parts.push(words.shiftRight(value, shift));
  return parts.reduce((left, right) => words.xor(left, right));
}
