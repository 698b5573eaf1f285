// Compares digest columns with the digests of their records. FORMATS 4.1

import { add, i32, lessSigned, load, or, shiftLeft, xor } from './expression.ts';
import { FunctionWriter } from './function-writer.ts';
import { LAYOUT, SLOT_BYTES } from './layout.ts';

/** A function (count, slots, digestBytes) that writes for each of `count` rows whether its column
 *  differs from the digest in its slot: zero where it does not. */
export function writeColumnCheck(): FunctionWriter {
  const writer = new FunctionWriter(3);
  const digestBytes = writer.parameter(2);
  const slot = writer.let(writer.parameter(1));
  const row = writer.let(i32(0));
  const rows = writer.let(shiftLeft(writer.parameter(0), i32(2)));
  const column = writer.local('i32');
  const at = writer.local('i32');
  const difference = writer.local('i32');
  writer.while(lessSigned(row, rows), () => {
    writer.set(column, load('i32', row, LAYOUT.columnAt));
    writer.set(at, i32(0));
    writer.set(difference, i32(0));
    writer.while(lessSigned(at, digestBytes), () => {
      const [left, right] = [load('i32', add(column, at)), load('i32', add(slot, at))];
      writer.set(difference, or(difference, xor(left, right)));
      writer.set(at, add(at, i32(4)));
    });
    writer.store(row, LAYOUT.isDifferent, difference);
    writer.set(slot, add(slot, i32(SLOT_BYTES)));
    writer.set(row, add(row, i32(4)));
  });
  return writer;
}
