// SHA-1 over any words. FIPS 180-4, 4.1.1, 5.3.1, 6.1.

import type { HashFunction } from './hash-function.ts';
import type { Arithmetic } from './words.ts';

export const SHA1: HashFunction = {
  wordBytes: 4,
  digestBytes: 20,
  initial: [0x67452301n, 0xefcdab89n, 0x98badcfen, 0x10325476n, 0xc3d2e1f0n],
  constants: [0x5a827999n, 0x6ed9eba1n, 0x8f1bbcdcn, 0xca62c1d6n].flatMap((constant) =>
    Array.from({ length: 20 }, () => constant),
  ),

  scheduled(words, back) {
    const mixed = words.xor(words.xor(back(16), back(14)), words.xor(back(8), back(3)));
    return rotateLeft(words, mixed, 1);
  },

  rounds(writer, words, { state, scheduled }) {
    let [a, b, c, d, e] = state;
    if (!a || !b || !c || !d || !e) throw new Error('the state has five words');
    for (let round = 0; round < 80; round += 1) {
      const mixed = words.add(MIX[Math.floor(round / 20)]?.(words, b, c, d) ?? d, e);
      const sum = words.add(mixed, scheduled(round));
      writer.set(e, words.add(sum, rotateLeft(words, a, 5)));
      writer.set(b, rotateLeft(words, b, 30));
      [a, b, c, d, e] = [e, a, b, c, d];
    }
  },
};

/** How b, c and d are mixed in each quarter of the rounds. */
const MIX = [choice, parity, majority, parity];

function choice<V>(words: Arithmetic<V>, ...[b, c, d]: readonly [V, V, V]): V {
  return words.xor(d, words.and(b, words.xor(c, d)));
}

function parity<V>(words: Arithmetic<V>, ...[b, c, d]: readonly [V, V, V]): V {
  return words.xor(words.xor(b, c), d);
}

function majority<V>(words: Arithmetic<V>, ...[b, c, d]: readonly [V, V, V]): V {
  return words.xor(c, words.and(words.xor(b, c), words.xor(c, d)));
}

function rotateLeft<V>(words: Arithmetic<V>, value: V, bits: number): V {
  return words.rotateRight(value, 32 - bits);
}
