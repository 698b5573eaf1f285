// Frames ordinary records: little-endian, with a length before the template data. Whatever else
// comes, or is cut short or broken, ends the run and is left to `frameWindow`. FORMATS 1.1

import { IMA_LIMITS } from '../../bytes/limits.ts';
import { RECORD_FLAGS } from '../record-table.ts';
import {
  add,
  and,
  choose,
  equal,
  type I32,
  i32,
  lessSigned,
  lessUnsigned,
  load,
  notEqual,
  or,
  shiftLeft,
  subtract,
} from './expression.ts';
import { FunctionWriter, type Local } from './function-writer.ts';
import { LAYOUT } from './layout.ts';

/** A function (windowBytes, columnBytes, maxRows) that writes where the records of the window lie,
 *  relative to its start, and gives how many it took. */
export function writeFraming(): FunctionWriter {
  const writer = new FunctionWriter(3);
  const [columnBytes, maxRows] = [writer.parameter(1), writer.parameter(2)];
  const end = writer.let(add(i32(LAYOUT.window), writer.parameter(0)));
  const limit = writer.let(maxRows);
  const start = writer.let(i32(LAYOUT.window));
  const row = writer.local('i32');
  writer.while(lessSigned(row, limit), () => {
    const place = readPlace(writer, { start, columnBytes });
    writer.when(
      isOrdinary(place, end),
      () => {
        storeRow(writer, row, place);
        writer.set(start, add(place.data, place.dataBytes));
        writer.set(row, add(row, i32(1)));
      },
      () => writer.set(limit, row),
    );
  });
  writer.result(row);
  return writer;
}

/** Addresses of a record's parts, and their lengths. */
interface RecordPlace {
  readonly start: Local<'i32'>;
  readonly columnBytes: I32;
  readonly name: Local<'i32'>;
  readonly nameBytes: Local<'i32'>;
  readonly data: Local<'i32'>;
  readonly dataBytes: Local<'i32'>;
}

/** What the record at `start` says of itself. A length is believed only as far as the memory behind
 *  the window reaches. */
function readPlace(
  writer: FunctionWriter,
  { start, columnBytes }: Pick<RecordPlace, 'start' | 'columnBytes'>,
): RecordPlace {
  const name = writer.let(add(add(start, columnBytes), i32(PCR_BYTES + LENGTH_BYTES)));
  const nameBytes = writer.let(load('i32', subtract(name, i32(LENGTH_BYTES))));
  const isShort = lessUnsigned(nameBytes, i32(IMA_LIMITS.templateNameBytes + 1));
  const nameEnd = add(name, choose(isShort, nameBytes, i32(0)));
  const data = writer.let(add(nameEnd, i32(LENGTH_BYTES)));
  const dataBytes = writer.let(load('i32', subtract(data, i32(LENGTH_BYTES))));
  return { start, columnBytes, name, nameBytes, data, dataBytes };
}

function isOrdinary({ name, nameBytes, data, dataBytes }: RecordPlace, end: I32): I32 {
  const hasName = lessUnsigned(subtract(nameBytes, i32(1)), i32(IMA_LIMITS.templateNameBytes));
  const isLegacyName = equal(and(load('i32', name), i32(0xffffff)), i32(LEGACY_NAME));
  const isOther = notEqual(and(isLegacyName, equal(nameBytes, i32(3))), i32(1));
  const hasLength = lessSigned(data, add(end, i32(1)));
  const hasData = lessUnsigned(dataBytes, add(subtract(end, data), i32(1)));
  return [hasName, isOther, hasLength, hasData].reduce(and);
}

function storeRow(writer: FunctionWriter, row: I32, place: RecordPlace): void {
  const { start, columnBytes, name, nameBytes, data, dataBytes } = place;
  const at = writer.let(shiftLeft(row, i32(2)));
  const inWindow = (address: I32) => subtract(address, i32(LAYOUT.window));
  const column = add(start, i32(PCR_BYTES));
  writer.store(at, LAYOUT.start, inWindow(start));
  writer.store(at, LAYOUT.end, inWindow(add(data, dataBytes)));
  writer.store(at, LAYOUT.pcr, load('i32', start));
  writer.store(at, LAYOUT.columnAt, inWindow(column));
  writer.store(at, LAYOUT.nameAt, inWindow(name));
  writer.store(at, LAYOUT.nameBytes, nameBytes);
  writer.store(at, LAYOUT.dataAt, inWindow(data));
  writer.store(at, LAYOUT.dataBytes, dataBytes);
  const [word, columnEnd] = [writer.let(column), add(column, columnBytes)];
  const anyBit = writer.let(i32(0));
  writer.while(lessSigned(word, columnEnd), () => {
    writer.set(anyBit, or(anyBit, load('i32', word)));
    writer.set(word, add(word, i32(4)));
  });
  writer.store(at, LAYOUT.flags, choose(anyBit, i32(0), i32(RECORD_FLAGS.violation)));
}

const PCR_BYTES = 4;
const LENGTH_BYTES = 4;
/** "ima" in three bytes of a little-endian word. */
const LEGACY_NAME = 0x616d69;
