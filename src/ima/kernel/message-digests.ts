// Digests of many messages of any lengths: every lane of a vector has a message of its own, and
// takes the next one when it comes to its end. FIPS 180-4, 5.1 padding.

import {
  add,
  and,
  type Code,
  choose,
  type I32,
  i32,
  lessSigned,
  load,
  notEqual,
  operation,
  shiftLeft,
  shuffle,
  subtract,
  unsigned,
  type V128,
  v128,
} from './expression.ts';
import { type Callable, FunctionWriter, type Local } from './function-writer.ts';
import { blockBytes, type HashFunction, swapWords } from './hash-function.ts';
import { LAYOUT, SLOT_BYTES } from './layout.ts';

/** A function (count, slots) that digests the messages of rows 0 to `count` into slots. `compress`
 *  takes a block of each lane. */
export function writeMessageDigests(hash: HashFunction, compress: Callable): FunctionWriter {
  const writer = new FunctionWriter(2);
  const [count, slots] = [writer.parameter(0), writer.parameter(1)];
  const next = writer.local('i32');
  const lanes = Array.from({ length: 16 / hash.wordBytes }, (_, lane): Lane => {
    const local = () => writer.local('i32');
    return { lane, row: local(), at: local(), left: local(), bits: local() };
  });
  const take = (lane: Lane) => takeNext(writer, hash, { lane, next, count });
  for (const lane of lanes) take(lane);
  const allRows = lanes.map(({ row }): I32 => row).reduce(and);
  writer.while(notEqual(allRows, NO_ROW), () => {
    for (const lane of lanes) fillBlock(writer, hash, lane);
    writer.call(compress, i32(LAYOUT.state), i32(LAYOUT.block));
    for (const lane of lanes) {
      writer.when(
        isLastBlock(hash, lane.left),
        () => {
          writer.when(notEqual(lane.row, NO_ROW), () => {
            storeDigest(writer, hash, { lane, slots });
          });
          take(lane);
        },
        () => {
          writer.set(lane.at, add(lane.at, i32(blockBytes(hash))));
          writer.set(lane.left, subtract(lane.left, i32(blockBytes(hash))));
        },
      );
    }
  });
  return writer;
}

/** One message on its way. */
interface Lane {
  readonly lane: number;
  /** Row of the message, or NO_ROW. */
  readonly row: Local<'i32'>;
  /** Where its next block begins. */
  readonly at: Local<'i32'>;
  /** Bytes from there to its end; negative when only padding is left. */
  readonly left: Local<'i32'>;
  /** Length of all of it. */
  readonly bits: Local<'i32'>;
}

function takeNext(
  writer: FunctionWriter,
  hash: HashFunction,
  { lane, next, count }: { lane: Lane; next: Local<'i32'>; count: I32 },
): void {
  writer.when(
    lessSigned(next, count),
    () => {
      const words = shiftLeft(next, i32(2));
      writer.set(lane.row, next);
      writer.set(lane.at, load('i32', words, LAYOUT.messageAt));
      writer.set(lane.left, load('i32', words, LAYOUT.messageBytes));
      writer.set(lane.bits, shiftLeft(lane.left, i32(3)));
      writer.set(next, add(next, i32(1)));
      storeInitial(writer, hash, lane.lane);
    },
    () => {
      // An idle lane digests nothing again and again.
      writer.set(lane.row, NO_ROW);
      writer.set(lane.at, i32(0));
      writer.set(lane.left, i32(0));
    },
  );
}

function storeInitial(writer: FunctionWriter, { initial, wordBytes }: HashFunction, lane: number) {
  for (const [at, word] of initial.entries()) {
    for (let half = 0; half < wordBytes; half += 4) {
      const value = Number(BigInt.asUintN(32, word >> BigInt(8 * half)));
      writer.store(i32(LAYOUT.state), at * 16 + lane * wordBytes + half, i32(value));
    }
  }
}

/** Whether the padding fits behind `left` bytes: one bit and, at the end of the block, the length
 *  in two words. */
function isLastBlock(hash: HashFunction, left: I32): I32 {
  return lessSigned(left, i32(blockBytes(hash) - 2 * hash.wordBytes));
}

/** Writes a block of message bytes: as they stand, or with their padding behind them. */
function fillBlock(writer: FunctionWriter, hash: HashFunction, lane: Lane): void {
  const block = LAYOUT.block + lane.lane * blockBytes(hash);
  const quads = Array.from({ length: blockBytes(hash) / 16 }, (_, quad) => quad * 16);
  const last = quads.length - 1;
  writer.when(
    lessSigned(lane.left, i32(blockBytes(hash))),
    () => {
      const bits = writer.let(choose(isLastBlock(hash, lane.left), lane.bits, i32(0)));
      for (const [quad, offset] of quads.entries()) {
        const padded = paddedQuad(writer, lane, offset);
        const length = shuffle(splat32(bits), NO_BYTES, LENGTH_BYTES);
        writer.store(i32(block), offset, quad === last ? orBytes(padded, length) : padded);
      }
    },
    () => {
      for (const offset of quads) {
        writer.store(i32(block), offset, load('v128', lane.at, offset));
      }
    },
  );
}

/** Sixteen bytes of a message, one bit behind its end, then zeros. */
function paddedQuad(writer: FunctionWriter, lane: Lane, offset: number): V128 {
  const left = writer.let(subtract(lane.left, i32(offset)));
  const notAbove = choose(lessSigned(left, i32(16)), left, i32(16));
  const within = choose(lessSigned(notAbove, i32(0)), i32(-1), notAbove);
  const end = operation('v128', I8X16_SPLAT, [within]);
  const bytes = writer.let(end);
  const isMessage = operation('v128', I8X16_LESS, [POSITIONS, bytes]);
  const isEnd = operation('v128', I8X16_EQUAL, [POSITIONS, bytes]);
  const message = operation('v128', V128_AND, [load('v128', lane.at, offset), isMessage]);
  return orBytes(message, operation('v128', V128_AND, [isEnd, FIRST_BIT]));
}

/** Stores the digest of a lane, big-endian, and zeros in the rest of its slot. */
function storeDigest(
  writer: FunctionWriter,
  hash: HashFunction,
  { lane, slots }: { lane: Lane; slots: I32 },
): void {
  const slot = writer.let(add(slots, shiftLeft(lane.row, i32(Math.log2(SLOT_BYTES)))));
  const quadWords = 16 / hash.wordBytes;
  for (let quad = 0; quad * 16 < SLOT_BYTES; quad += 1) {
    const words = Array.from({ length: quadWords }, (_, at) => quad * quadWords + at);
    const isKept = (word: number) => word * hash.wordBytes < hash.digestBytes;
    const bytes = words.filter(isKept).reduce<V128>((into, word, at) => {
      const offset = LAYOUT.state + word * 16 + lane.lane * hash.wordBytes;
      return operation('v128', LOAD_LANE[hash.wordBytes](offset, at), [i32(0), into]);
    }, NO_BYTES);
    writer.store(slot, quad * 16, swapWords(hash, bytes));
  }
}

function splat32(value: I32): V128 {
  return operation('v128', I32X4_SPLAT, [value]);
}

function orBytes(left: V128, right: V128): V128 {
  return operation('v128', V128_OR, [left, right]);
}

const NO_ROW = i32(-1);
const bytesOf = (byte: (at: number) => number) => Array.from({ length: 16 }, (_, at) => byte(at));
const NO_BYTES = v128(bytesOf(() => 0));
const POSITIONS = v128(bytesOf((at) => at));
const FIRST_BIT = v128(bytesOf(() => 0x80));

/** Moves a number of 32 bits to the end of sixteen bytes, big-endian, with zeros before it. */
const LENGTH_BYTES = bytesOf((at) => (at < 12 ? 16 : 15 - at));

const LOAD_LANE = {
  4: (offset: number, lane: number): Code => [0xfd, 0x56, 0, unsigned(offset), lane],
  8: (offset: number, lane: number): Code => [0xfd, 0x57, 0, unsigned(offset), lane],
};
const I8X16_SPLAT: Code = [0xfd, 0x0f];
const I32X4_SPLAT: Code = [0xfd, 0x11];
const I8X16_EQUAL: Code = [0xfd, 0x23];
const I8X16_LESS: Code = [0xfd, 0x25];
const V128_AND: Code = [0xfd, 0x4e];
const V128_OR: Code = [0xfd, 0x50];
