// Puts functions together into the bytes of a WebAssembly module with one memory.
// WebAssembly Core Specification 2.0, 5.5 modules.

import { asciiBytes } from '../../bytes/encoding.ts';
import { type Code, unsigned } from './expression.ts';
import { type Callable, type FunctionWriter, flatten, vector } from './function-writer.ts';

/** A module in the making. */
export class ModuleWriter {
  readonly #functions: FunctionWriter[] = [];
  readonly #exports: Code[] = [];

  /** Adds a function; with a name it can be called from outside. */
  add(writer: FunctionWriter, name?: string): Callable {
    const index = this.#functions.length;
    this.#functions.push(writer);
    if (name !== undefined) this.#exports.push(exported(name, FUNCTION, index));
    return { index };
  }

  /** The module, with a memory of so many pages of 64 KiB, exported as `memory`. */
  bytes(memoryPages: number): Uint8Array<ArrayBuffer> {
    const types = this.#functions.map(({ signature }) => signature);
    const bodies = this.#functions.map(({ body }) => sized(flatten(body)));
    const pages = unsigned(memoryPages);
    const exports = [...this.#exports, exported('memory', MEMORY, 0)];
    return new Uint8Array(
      flatten([
        MAGIC_AND_VERSION,
        section(1, vector(types)),
        section(3, vector(types.map((_, index) => unsigned(index)))),
        section(5, vector([[HAS_MAXIMUM, pages, pages]])),
        section(7, vector(exports)),
        section(10, vector(bodies)),
      ]),
    );
  }
}

function exported(name: string, kind: number, index: number): Code {
  return [vector([...asciiBytes(name)]), kind, unsigned(index)];
}

function section(id: number, content: Code): Code {
  return [id, sized(flatten(content))];
}

function sized(bytes: readonly number[]): Code {
  return [unsigned(bytes.length), bytes];
}

const MAGIC_AND_VERSION: Code = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const FUNCTION = 0;
const MEMORY = 2;
const HAS_MAXIMUM = 1;
