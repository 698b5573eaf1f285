// Whether there is a kernel to replay with, and from how many records on it is worth its calls.
// docs/decisions/0021-replay-kernel.md

import { kernelModule } from './kernel-module.ts';
import { type KernelExports, ReplayKernel } from './replay-kernel.ts';

/** When the kernel is used: `measured` where it is faster. Verdicts do not depend on it. */
export type KernelUse = 'measured' | 'always' | 'never';

let use: KernelUse = 'measured';
let built: { readonly kernel: ReplayKernel | undefined } | undefined;

/** Sets when the kernel is used in this thread, for those who compare kernels. */
export function useKernel(when: KernelUse): void {
  use = when;
}

/** The kernel of this thread for so many records, or undefined where plain code does the work:
 *  few records, or a machine without vectors in WebAssembly. */
export function kernelFor(records: number): ReplayKernel | undefined {
  if (use === 'never') return undefined;
  const enough = built === undefined ? RECORDS_TO_BUILD : RECORDS_TO_CALL;
  if (use === 'measured' && records < enough) return undefined;
  built ??= { kernel: build() };
  return built.kernel;
}

function build(): ReplayKernel | undefined {
  if (WebAssembly === undefined) return undefined;
  const module = kernelModule();
  if (!WebAssembly.validate(module)) return undefined;
  return new ReplayKernel(new WebAssembly.Instance(new WebAssembly.Module(module)).exports);
}

/** Writing and compiling the module costs as much as some thousand records do without it. */
const RECORDS_TO_BUILD = 2048;

/** From here on a call of a built kernel costs less than it saves. */
const RECORDS_TO_CALL = 8;

/** What is used of the global object of that name; the libraries of this project's compiler do not
 *  describe it. */
declare const WebAssembly:
  | undefined
  | {
      validate(module: Uint8Array<ArrayBuffer>): boolean;
      readonly Module: new (module: Uint8Array<ArrayBuffer>) => object;
      readonly Instance: new (module: object) => { readonly exports: KernelExports };
    };
