// Words as the hash functions know them, one at a time or several side by side: a hash is written
// once over this face and becomes code for one message or for several in the lanes of a vector.
// WebAssembly Core Specification 2.0, 5.4.7 numeric and 5.4.8 vector instructions.

import { type Code, i32, i64, operation, type Value, type ValueType, v128 } from './expression.ts';

/** What hash functions do with words. */
export interface Arithmetic<V> {
  add(left: V, right: V): V;
  xor(left: V, right: V): V;
  and(left: V, right: V): V;
  rotateRight(value: V, bits: number): V;
  shiftRight(value: V, bits: number): V;
}

/** Words of 32 or 64 bits in code. */
export interface Words<T extends ValueType> extends Arithmetic<Value<T>> {
  readonly type: T;
  readonly wordBytes: 4 | 8;
  /** Words side by side. */
  readonly lanes: number;
  /** The same word in every lane. */
  constant(value: bigint): Value<T>;
}

/** Words that are known when the code is written. */
export function knownWords(wordBytes: 4 | 8): Arithmetic<bigint> {
  const bits = 8 * wordBytes;
  const cut = (value: bigint): bigint => BigInt.asUintN(bits, value);
  return {
    add: (left, right) => cut(left + right),
    xor: (left, right) => left ^ right,
    and: (left, right) => left & right,
    rotateRight: (value, by) => cut((value >> BigInt(by)) | (value << BigInt(bits - by))),
    shiftRight: (value, by) => value >> BigInt(by),
  };
}

interface Opcodes {
  readonly add: Code;
  readonly xor: Code;
  readonly and: Code;
  readonly shiftRight: Code;
}

const V128_AND: Code = [0xfd, 0x4e];
const V128_OR: Code = [0xfd, 0x50];
const V128_XOR: Code = [0xfd, 0x51];

/** One word of 32 bits. */
export const WORD32: Words<'i32'> = {
  wordBytes: 4,
  lanes: 1,
  constant: (value) => i32(Number(value)),
  rotateRight: (value, bits) => operation('i32', [0x78], [value, i32(bits)]),
  ...simpleWords('i32', { add: [0x6a], xor: [0x73], and: [0x71], shiftRight: [0x76] }, i32),
};

/** One word of 64 bits. */
export const WORD64: Words<'i64'> = {
  wordBytes: 8,
  lanes: 1,
  constant: i64,
  rotateRight: (value, bits) => operation('i64', [0x8a], [value, i64(BigInt(bits))]),
  ...simpleWords('i64', { add: [0x7c], xor: [0x85], and: [0x83], shiftRight: [0x88] }, (bits) =>
    i64(BigInt(bits)),
  ),
};

/** Four words of 32 bits. */
export const WORD32X4: Words<'v128'> = vectorWords(4, {
  add: [0xfd, 0xae, 0x01],
  shiftLeft: [0xfd, 0xab, 0x01],
  shiftRight: [0xfd, 0xad, 0x01],
});

/** Two words of 64 bits. */
export const WORD64X2: Words<'v128'> = vectorWords(8, {
  add: [0xfd, 0xce, 0x01],
  shiftLeft: [0xfd, 0xcb, 0x01],
  shiftRight: [0xfd, 0xcd, 0x01],
});

function simpleWords<T extends ValueType>(
  type: T,
  opcodes: Opcodes,
  bitCount: (bits: number) => Value<ValueType>,
): Pick<Words<T>, 'type' | 'add' | 'xor' | 'and' | 'shiftRight'> {
  return {
    type,
    add: (left, right) => operation(type, opcodes.add, [left, right]),
    xor: (left, right) => operation(type, opcodes.xor, [left, right]),
    and: (left, right) => operation(type, opcodes.and, [left, right]),
    shiftRight: (value, bits) => operation(type, opcodes.shiftRight, [value, bitCount(bits)]),
  };
}

/** Vectors have no rotation: two shifts make one. */
function vectorWords(
  wordBytes: 4 | 8,
  opcodes: Record<'add' | 'shiftLeft' | 'shiftRight', Code>,
): Words<'v128'> {
  const simple = simpleWords('v128', { ...opcodes, xor: V128_XOR, and: V128_AND }, i32);
  return {
    ...simple,
    wordBytes,
    lanes: 16 / wordBytes,
    constant(value) {
      const word = Array.from({ length: wordBytes }, (_, at) =>
        Number((value >> BigInt(8 * at)) & 0xffn),
      );
      return v128(Array.from({ length: 16 / wordBytes }, () => word).flat());
    },
    rotateRight(value, bits) {
      const right = simple.shiftRight(value, bits);
      const left = operation('v128', opcodes.shiftLeft, [value, i32(8 * wordBytes - bits)]);
      return operation('v128', V128_OR, [left, right]);
    },
  };
}
