// Writes one WebAssembly function: parameters, locals, and statements in the order in which they
// run. WebAssembly Core Specification 2.0, 5.4.1 control instructions and 5.5.13 code section.

import { type Code, type I32, unsigned, type Value, type ValueType } from './expression.ts';

/** A local variable; as a value, what it holds when it is read. */
export interface Local<T extends ValueType> extends Value<T> {
  readonly index: number;
}

/** A function of the module that others call. */
export interface Callable {
  /** Position in the module. */
  readonly index: number;
}

const TYPE_BYTES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const STORE: Readonly<Record<ValueType, Code>> = { i32: [0x36], i64: [0x37], v128: [0xfd, 0x0b] };

/** One function in the making. Parameters are of type i32, as is the result if there is one. */
export class FunctionWriter {
  readonly #locals: ValueType[] = [];
  readonly #code: number[] = [];
  readonly #parameterCount: number;
  #result: I32 | undefined;

  constructor(parameterCount: number) {
    this.#parameterCount = parameterCount;
  }

  parameter(index: number): Local<'i32'> {
    return { type: 'i32', index, code: [0x20, unsigned(index)] };
  }

  /** A new variable, zero at first. */
  local<T extends ValueType>(type: T): Local<T> {
    const index = this.#parameterCount + this.#locals.length;
    this.#locals.push(type);
    return { type, index, code: [0x20, unsigned(index)] };
  }

  /** A new variable that holds `value`. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Value<T>): void {
    this.#write([value.code, 0x21, unsigned(local.index)]);
  }

  /** Stores `value`, little-endian, at `address` plus `offset` bytes. */
  store(address: I32, offset: number, value: Value<ValueType>): void {
    this.#write([address.code, value.code, STORE[value.type], 0, unsigned(offset)]);
  }

  call(callable: Callable, ...values: readonly I32[]): void {
    this.#write([...values.map(({ code }) => code), 0x10, unsigned(callable.index)]);
  }

  when(condition: I32, then: () => void, otherwise?: () => void): void {
    this.#write([condition.code, IF]);
    then();
    if (otherwise !== undefined) {
      this.#write([ELSE]);
      otherwise();
    }
    this.#write([END]);
  }

  /** Runs `body` as long as `condition` is not zero. */
  while(condition: I32, body: () => void): void {
    this.#write([BLOCK, LOOP, condition.code, IS_ZERO, BRANCH_IF_OUT]);
    body();
    this.#write([BRANCH_BACK, END, END]);
  }

  /** Flattened at once: most of a kernel is code, and trees that live long are costly. */
  #write(code: Code): void {
    flatten(code, this.#code);
  }

  /** Sets what the function gives when it has run to its end. */
  result(value: I32): void {
    this.#result = value;
  }

  /** Type of the function, as the type section has it. */
  get signature(): Code {
    const parameters = Array.from({ length: this.#parameterCount }, () => TYPE_BYTES.i32);
    const results = this.#result === undefined ? [] : [TYPE_BYTES.i32];
    return [0x60, vector(parameters), vector(results)];
  }

  /** Locals and code, as the code section has them. */
  get body(): Code {
    const locals = this.#locals.map((type) => [1, TYPE_BYTES[type]]);
    return [vector(locals), this.#code, this.#result?.code ?? [], END];
  }
}

/** The bytes of nested code, written behind those of `into`. */
export function flatten(code: Code, into: number[] = []): number[] {
  for (const part of code) {
    if (typeof part === 'number') into.push(part);
    else flatten(part, into);
  }
  return into;
}

/** Elements behind their count. */
export function vector(elements: readonly (number | Code)[]): Code {
  return [unsigned(elements.length), elements];
}

const END = 0x0b;
const ELSE = 0x05;
const IF: Code = [0x04, 0x40];
const BLOCK: Code = [0x02, 0x40];
const LOOP: Code = [0x03, 0x40];
const IS_ZERO = 0x45;
const BRANCH_IF_OUT: Code = [0x0d, 1];
const BRANCH_BACK: Code = [0x0c, 0];
