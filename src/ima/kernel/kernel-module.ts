// The functions of the kernel, put together into one WebAssembly module.
// docs/decisions/0021-replay-kernel.md

import { writeColumnCheck } from './column-check.ts';
import { paddingBlock, writeExtendChain } from './extend-chain.ts';
import { writeFraming } from './framing.ts';
import type { Callable } from './function-writer.ts';
import {
  type HashFunction,
  loadFourLanes,
  loadTwoLanes,
  loadWords,
  writeCompression,
  writeKnownCompression,
} from './hash-function.ts';
import { MEMORY_PAGES } from './layout.ts';
import { writeMessageDigests } from './message-digests.ts';
import { ModuleWriter } from './module-writer.ts';
import { SHA1 } from './sha1.ts';
import { SHA256, SHA384, SHA512 } from './sha2.ts';
import { WORD32, WORD32X4, WORD64, WORD64X2 } from './words.ts';

/** What the kernel computes, by the names of banks. */
export const KERNEL_HASHES = { sha1: SHA1, sha256: SHA256, sha384: SHA384, sha512: SHA512 };

/** Name of a hash function that the kernel computes. */
export type KernelHash = keyof typeof KERNEL_HASHES;

/** The bytes of the module. It exports `memory`, `frame`, `check`, and for each hash
 *  `digest_<name>` and `extend_<name>`; the writers of these functions say what they take. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleWriter();
  module.add(writeFraming(), 'frame');
  module.add(writeColumnCheck(), 'check');
  addHash(module, 'sha1', addShortWords(module, SHA1));
  addHash(module, 'sha256', addShortWords(module, SHA256));
  // They differ in where they start and in how much of the end they show.
  const long = addLongWords(module, SHA512);
  addHash(module, 'sha384', long);
  addHash(module, 'sha512', long);
  return module.bytes(MEMORY_PAGES);
}

/** The compression of a hash in the forms that the kernel needs. */
interface Compressions {
  readonly ofLanes: Callable;
  readonly ofOne: Callable;
  /** Of the padding that follows two digests, where it has a block of its own. */
  readonly ofPadding: Callable | undefined;
}

function addHash(module: ModuleWriter, name: KernelHash, calls: Compressions): void {
  const hash = KERNEL_HASHES[name];
  module.add(writeMessageDigests(hash, calls.ofLanes), `digest_${name}`);
  const { ofOne, ofPadding } = calls;
  module.add(
    writeExtendChain(hash, { compress: ofOne, compressPadding: ofPadding }),
    `extend_${name}`,
  );
}

function addShortWords(module: ModuleWriter, hash: HashFunction): Compressions {
  const padding = paddingBlock(hash);
  return {
    ofLanes: module.add(writeCompression(hash, WORD32X4, loadFourLanes)),
    ofOne: module.add(writeCompression(hash, WORD32, loadWords(WORD32))),
    ofPadding: padding && module.add(writeKnownCompression(hash, WORD32, padding)),
  };
}

function addLongWords(module: ModuleWriter, hash: HashFunction): Compressions {
  const padding = paddingBlock(hash);
  return {
    ofLanes: module.add(writeCompression(hash, WORD64X2, loadTwoLanes)),
    ofOne: module.add(writeCompression(hash, WORD64, loadWords(WORD64))),
    ofPadding: padding && module.add(writeKnownCompression(hash, WORD64, padding)),
  };
}
