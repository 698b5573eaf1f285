// Expressions of WebAssembly as typed trees: a value knows its type, so that the compiler of this
// project refuses what the validator of the engine would. WebAssembly Core Specification 2.0, 5.4.

/** Types of values that the kernel uses. */
export type ValueType = 'i32' | 'i64' | 'v128';

/** Bytes of code, nested as they were written; flattened once at the end. */
export type Code = readonly (number | Code)[];

/** Code that leaves one value of type `T` on the stack. */
export interface Value<T extends ValueType> {
  readonly type: T;
  readonly code: Code;
}

export type I32 = Value<'i32'>;
export type V128 = Value<'v128'>;

/** An instruction over operands. */
export function operation<T extends ValueType>(
  type: T,
  opcode: Code,
  operands: readonly Value<ValueType>[],
): Value<T> {
  return { type, code: [...operands.map(({ code }) => code), opcode] };
}

/** A constant of 32 bits, signed or not. */
export function i32(value: number): I32 {
  return { type: 'i32', code: [0x41, signed(BigInt(value | 0))] };
}

/** A constant of 64 bits. */
export function i64(value: bigint): Value<'i64'> {
  return { type: 'i64', code: [0x42, signed(BigInt.asIntN(64, value))] };
}

/** A constant of 16 bytes, the lowest address first. */
export function v128(bytes: readonly number[]): V128 {
  return { type: 'v128', code: [0xfd, 0x0c, bytes] };
}

type Binary = (left: I32, right: I32) => I32;

function binary(opcode: number): Binary {
  return (left, right) => operation('i32', [opcode], [left, right]);
}

export const add = binary(0x6a);
export const subtract = binary(0x6b);
export const and = binary(0x71);
export const or = binary(0x72);
export const xor = binary(0x73);
export const shiftLeft = binary(0x74);
export const equal = binary(0x46);
export const notEqual = binary(0x47);
export const lessSigned = binary(0x48);
export const lessUnsigned = binary(0x49);

/** One of two values: `then` where `condition` is not zero. Both are computed. */
export function choose<T extends ValueType>(condition: I32, then: Value<T>, other: Value<T>) {
  return operation(then.type, [0x1b], [then, other, condition]);
}

const LOAD: Readonly<Record<ValueType, Code>> = { i32: [0x28], i64: [0x29], v128: [0xfd, 0x00] };

/** The value at `address` plus `offset` bytes, little-endian, at any alignment. */
export function load<T extends ValueType>(type: T, address: I32, offset = 0): Value<T> {
  return operation(type, [LOAD[type], 0, unsigned(offset)], [address]);
}

/** Sixteen bytes chosen from those of `left` (0 to 15) and `right` (16 to 31). */
export function shuffle(left: V128, right: V128, bytes: readonly number[]): V128 {
  return operation('v128', [0xfd, 0x0d, bytes], [left, right]);
}

/** A number as LEB128 without a sign. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let left = value;
  while (left > 0x7f) {
    bytes.push((left & 0x7f) | 0x80);
    left >>>= 7;
  }
  return [...bytes, left];
}

/** A number as LEB128 with a sign. */
function signed(value: bigint): Code {
  const bytes: number[] = [];
  let left = value;
  while (left < -64n || left > 63n) {
    bytes.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  return [...bytes, Number(left & 0x7fn)];
}
